// All pairs of two sets of packed rows, tile by tile: the loop around the panel kernel.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/neighbors/packed_rows.hpp"

namespace cupel {

struct Hit {
  float closeness;
  std::uint32_t a, b;  // positions in the two sets
};

// Positions [begin, end), a multiple of the panel width apart but at the end of a set.
struct Block {
  std::size_t index, begin, end;
};

// What a join is for. Called by several threads at once, for any blocks.
class JoinSink {
 public:
  virtual ~JoinSink() = default;

  // Writes the cuts of the rows of a block. A pair is a hit if its closeness reaches the smaller of
  // its rows' cuts. Cuts may be out of date if they are only too low.
  virtual void write_cuts(const Block& a, float* a_cuts, const Block& b, float* b_cuts) = 0;

  // Takes the hits found between two blocks.
  virtual void take(std::span<const Hit> hits, const Block& a, const Block& b) = 0;
};

// Rows per block of a join, so that two blocks stay in the cache; a multiple of the panel width.
std::size_t join_block(const PackedRows& a, const PackedRows& b);

// Every pair of distinct rows of one set, once, in whichever order of the two. Blocks near the
// diagonal come first: rows that lie together fill their lists early if they are alike.
// O(size^2 depth / 2).
void join_with_itself(const PackedRows& rows, JoinSink& sink, const Execution& execution);

// Every row of `a` with every row of `b`. O(a.size b.size depth).
void join(const PackedRows& a, const PackedRows& b, JoinSink& sink, const Execution& execution);

}  // namespace cupel
