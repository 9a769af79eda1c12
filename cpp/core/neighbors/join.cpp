#include "core/neighbors/join.hpp"

#include <algorithm>
#include <atomic>
#include <limits>
#include <vector>

namespace cupel {
namespace {

constexpr std::size_t kBlockBytes = 384u << 10;
constexpr std::size_t kMaxBlock = 1536;
constexpr std::size_t kFlushAt = 4096;  // hits that are taken together

// Two sets cut into blocks. Self-joins see each unordered pair of blocks once.
struct Grid {
  const PackedRows& a;
  const PackedRows& b;
  std::size_t block;
  bool with_itself;

  [[nodiscard]] std::size_t a_blocks() const { return (a.size() + block - 1) / block; }
  [[nodiscard]] std::size_t b_blocks() const { return (b.size() + block - 1) / block; }
  [[nodiscard]] std::size_t tiles() const {
    const std::size_t n = a_blocks();
    return with_itself ? n * (n + 1) / 2 : n * b_blocks();
  }
  [[nodiscard]] static Block block_of(const PackedRows& rows, std::size_t index, std::size_t size) {
    return {index, index * size, std::min(rows.size(), (index + 1) * size)};
  }
};

// Walks through the tiles: the whole diagonal, then the one next to it, and so on.
class TileOrder {
 public:
  explicit TileOrder(const Grid& grid) : grid_(grid) {}

  void seek(std::size_t tile) {
    const std::size_t n = grid_.a_blocks();
    if (!grid_.with_itself) {
      a = tile / grid_.b_blocks();
      b = tile % grid_.b_blocks();
      return;
    }
    for (; tile >= first_ + n - diagonal_; ++diagonal_) first_ += n - diagonal_;
    a = tile - first_;
    b = a + diagonal_;
  }

  std::size_t a = 0, b = 0;

 private:
  const Grid& grid_;
  std::size_t diagonal_ = 0, first_ = 0;  // tiles are sought in ascending order
};

class TileWorker {
 public:
  TileWorker(const Grid& grid, JoinSink& sink)
      : grid_(grid), sink_(sink), kernel_(active_kernels().panels.close_pairs) {
    const std::size_t width = grid.a.width();
    found_.resize(width * width);
    a_cuts_.resize(grid.block);
    b_cuts_.resize(grid.block);
  }

  void run(std::size_t a_index, std::size_t b_index) {
    a_ = Grid::block_of(grid_.a, a_index, grid_.block);
    b_ = Grid::block_of(grid_.b, b_index, grid_.block);
    const std::size_t width = grid_.a.width();
    const bool diagonal = grid_.with_itself && a_index == b_index;
    refresh();
    for (std::size_t b = b_.begin; b < b_.end; b += width)
      for (std::size_t a = a_.begin; a < (diagonal ? b + 1 : a_.end); a += width) {
        compare(a, b, diagonal);
        if (hits_.size() >= kFlushAt) flush();
      }
    flush();
  }

 private:
  void compare(std::size_t a, std::size_t b, bool diagonal) {
    const std::size_t width = grid_.a.width();
    const PanelPair pair{
        grid_.a.panel(a / width),       grid_.b.panel(b / width), grid_.a.depth(),
        grid_.a.half_norms() + a,       grid_.b.half_norms() + b, a_cuts_.data() + (a - a_.begin),
        b_cuts_.data() + (b - b_.begin)};
    const std::size_t count = kernel_(pair, found_.data());
    for (std::size_t h = 0; h < count; ++h) {
      const std::size_t i = a + found_[h].a;
      const std::size_t j = b + found_[h].b;
      if (i >= a_.end || j >= b_.end || (diagonal && i >= j)) continue;
      hits_.push_back(
          {found_[h].closeness, static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(j)});
    }
  }

  void flush() {
    if (hits_.empty()) return;
    sink_.take(hits_, a_, b_);
    hits_.clear();
    refresh();
  }

  void refresh() {
    sink_.write_cuts(a_, a_cuts_.data(), b_, b_cuts_.data());
    pad(a_, a_cuts_);
    pad(b_, b_cuts_);
  }

  // Nothing is as close as the padding asks.
  static void pad(const Block& block, std::vector<float>& cuts) {
    std::fill(cuts.begin() + static_cast<std::ptrdiff_t>(block.end - block.begin), cuts.end(),
              std::numeric_limits<float>::infinity());
  }

  const Grid& grid_;
  JoinSink& sink_;
  std::size_t (*kernel_)(const PanelPair&, PanelHit*);
  Block a_{}, b_{};
  std::vector<float> a_cuts_, b_cuts_;
  std::vector<PanelHit> found_;
  std::vector<Hit> hits_;
};

void run_grid(const Grid& grid, JoinSink& sink, const Execution& execution) {
  std::atomic<std::size_t> next{0};
  const double operations = static_cast<double>(grid.a.size()) *
                            static_cast<double>(grid.b.size()) *
                            static_cast<double>(grid.a.depth());
  const std::size_t workers =
      worker_count(execution, grid.tiles(), static_cast<std::size_t>(operations / 16));
  parallel_workers(execution, workers, [&](std::size_t worker, const Proceed& proceed) {
    TileWorker tiles(grid, sink);
    TileOrder order(grid);
    while (proceed()) {
      const std::size_t tile = next.fetch_add(1, std::memory_order_relaxed);
      if (tile >= grid.tiles()) return;
      order.seek(tile);
      tiles.run(order.a, order.b);
      if (worker == 0 && execution.progress)
        execution.progress(static_cast<double>(tile + 1) / static_cast<double>(grid.tiles()));
    }
  });
}

}  // namespace

std::size_t join_block(const PackedRows& a, const PackedRows& b) {
  const std::size_t width = a.width();
  const std::size_t row = sizeof(float) * std::max<std::size_t>(1, a.depth());
  const std::size_t larger = std::max(a.panels(), b.panels()) * width;
  return std::max(width,
                  std::min({kBlockBytes / row / width * width, kMaxBlock / width * width, larger}));
}

void join_with_itself(const PackedRows& rows, JoinSink& sink, const Execution& execution) {
  run_grid({rows, rows, join_block(rows, rows), true}, sink, execution);
}

void join(const PackedRows& a, const PackedRows& b, JoinSink& sink, const Execution& execution) {
  run_grid({a, b, join_block(a, b), false}, sink, execution);
}

}  // namespace cupel
