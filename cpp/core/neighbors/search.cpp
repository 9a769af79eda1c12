#include "core/neighbors/search.hpp"

#include <algorithm>
#include <mutex>

namespace cupel {
namespace {

class Shortlister final : public JoinSink {
 public:
  Shortlister(CandidateLists& lists, std::size_t blocks, bool symmetric)
      : lists_(lists), locks_(blocks), symmetric_(symmetric) {}

  void write_cuts(const Block& a, float* a_cuts, const Block& b, float* b_cuts) override {
    copy_cuts(a, a_cuts);
    if (symmetric_)
      copy_cuts(b, b_cuts);
    else
      std::fill_n(b_cuts, b.end - b.begin, std::numeric_limits<float>::infinity());
  }

  void take(std::span<const Hit> hits, const Block& a, const Block& b) override {
    {
      const std::lock_guard lock(locks_[a.index]);
      for (const Hit& hit : hits) lists_.offer(hit.a, {hit.closeness, hit.b});
    }
    if (!symmetric_) return;
    const std::lock_guard lock(locks_[b.index]);
    for (const Hit& hit : hits) lists_.offer(hit.b, {hit.closeness, hit.a});
  }

 private:
  void copy_cuts(const Block& block, float* cuts) {
    const std::lock_guard lock(locks_[block.index]);
    for (std::size_t i = block.begin; i < block.end; ++i) *cuts++ = lists_.cut(i);
  }

  CandidateLists& lists_;
  std::vector<std::mutex> locks_;
  bool symmetric_;
};

template <typename T>
Near near_of(const SearchedSet<T>& set, const Searchers<T>& searchers, std::size_t searcher,
             std::uint32_t position) {
  const std::uint32_t row = set.distinct().rows()[position];
  const double squared = searchers.points.squared(searchers.rows[searcher], set.points(), row);
  return {squared, set.points().reported()(squared), row, position};
}

// Searches again, for rows whose shortlist could not be proven complete: whatever can be as near as
// the k-th candidate, by the filter's error bound, is computed in float64.
template <typename T>
class Rescan final : public JoinSink {
 public:
  Rescan(const SearchedSet<T>& set, const Searchers<T>& searchers, std::size_t count,
         std::size_t blocks)
      : set_(set),
        searchers_(searchers),
        count_(count),
        nearest_(searchers.rows.size()),
        locks_(blocks) {}

  // Nothing farther than `squared` from the searcher matters.
  void limit(double squared) {
    const std::size_t i = cuts_.size();
    cuts_.push_back(
        set_.error().cut(searchers_.packed.norm2(i), set_.half_squared(squared) * kSlack));
  }

  void write_cuts(const Block& a, float* a_cuts, const Block& b, float* b_cuts) override {
    std::copy_n(cuts_.data() + a.begin, a.end - a.begin, a_cuts);
    std::fill_n(b_cuts, b.end - b.begin, std::numeric_limits<float>::infinity());
  }

  void take(std::span<const Hit> hits, const Block& a, const Block&) override {
    std::vector<Near> computed;
    computed.reserve(hits.size());
    for (const Hit& hit : hits) computed.push_back(near_of(set_, searchers_, hit.a, hit.b));
    const std::lock_guard lock(locks_[a.index]);
    for (std::size_t h = 0; h < hits.size(); ++h) {
      const std::size_t i = hits[h].a;
      if (searchers_.of_the_set && computed[h].row == searchers_.rows[i]) continue;
      keep(nearest_[i], computed[h]);
    }
  }

  std::vector<Near>& nearest(std::size_t i) {
    std::sort(nearest_[i].begin(), nearest_[i].end());
    return nearest_[i];
  }

 private:
  void keep(std::vector<Near>& heap, const Near& candidate) const {
    if (heap.size() == count_) {
      if (!(candidate < heap.front())) return;
      std::pop_heap(heap.begin(), heap.end());
      heap.pop_back();
    }
    heap.push_back(candidate);
    std::push_heap(heap.begin(), heap.end());
  }

  const SearchedSet<T>& set_;
  const Searchers<T>& searchers_;
  std::size_t count_;
  std::vector<float> cuts_;
  std::vector<std::vector<Near>> nearest_;
  std::vector<std::mutex> locks_;
};

struct Unproven {
  std::size_t searcher;
  double squared;  // an upper bound for the k-th nearest
};

template <typename T>
void search_again(const SearchedSet<T>& set, const Searchers<T>& searchers, std::size_t count,
                  std::span<const Unproven> unproven, const Execution& execution,
                  const std::function<void(std::size_t, std::span<const Near>)>& write) {
  std::vector<std::uint32_t> rows;
  for (const Unproven& u : unproven) rows.push_back(searchers.rows[u.searcher]);
  const PackedRows packed(searchers.points, rows, set.frame(), execution);
  const Searchers<T> again{searchers.points, rows, packed, searchers.of_the_set};
  const std::size_t block = join_block(packed, set.packed());
  Rescan<T> rescan(set, again, count, (rows.size() + block - 1) / block);
  for (const Unproven& u : unproven) rescan.limit(u.squared);
  join(packed, set.packed(), rescan, {execution.threads, execution.interrupted});
  for (std::size_t i = 0; i < unproven.size(); ++i) write(unproven[i].searcher, rescan.nearest(i));
}

}  // namespace

template <typename T>
SearchedSet<T>::SearchedSet(const Points<T>& points, const DistinctRows& distinct,
                            const Execution& execution)
    : points_(points),
      distinct_(distinct),
      frame_(Frame::around(points)),
      error_(points.cols()),
      packed_(points, distinct.rows(), frame_, execution) {}

std::size_t shortlist_size(std::size_t count, std::size_t available) {
  return std::min(available, count + std::max<std::size_t>(6, count / 8));
}

void shortlist(const PackedRows& searchers, const PackedRows& set, CandidateLists& lists,
               const Execution& execution) {
  const std::size_t block = join_block(searchers, set);
  const bool symmetric = &searchers == &set;
  Shortlister sink(lists, (searchers.size() + block - 1) / block, symmetric);
  if (symmetric)
    join_with_itself(set, sink, execution);
  else
    join(searchers, set, sink, execution);
}

template <typename T>
std::span<const Near> Choice<T>::nearest(std::size_t i) {
  near_.clear();
  for (const Candidate& candidate : lists_.of(i)) {
    if (candidate.position == CandidateLists::kNobody) continue;
    const Near near = near_of(set_, searchers_, i, candidate.position);
    if (!searchers_.of_the_set || near.row != searchers_.rows[i]) near_.push_back(near);
  }
  std::sort(near_.begin(), near_.end());
  near_.resize(std::min(near_.size(), count_));
  return near_;
}

template <typename T>
bool Choice<T>::is_proven(std::size_t i, std::span<const Near> nearest) const {
  if (nearest.size() < count_) return false;
  const float cut = lists_.cut(i);
  if (cut == CandidateLists::kNone) return true;  // nothing was left out
  return set_.error().proven_half_squared(searchers_.packed.norm2(i), cut) >
         set_.half_squared(nearest.back().squared) * kSlack;
}

template <typename T>
void search(const SearchedSet<T>& set, const Searchers<T>& searchers, std::size_t count,
            const Execution& execution,
            const std::function<void(std::size_t, std::span<const Near>)>& write) {
  const std::size_t n = searchers.rows.size();
  // In a full join none meets itself; otherwise a row of the set fills a place of its own list.
  const bool meet_themselves = searchers.of_the_set && &searchers.packed != &set.packed();
  CandidateLists lists(n, shortlist_size(count + (meet_themselves ? 1 : 0), set.size()));
  shortlist(searchers.packed, set.packed(), lists, execution);

  constexpr std::size_t grain = 256;
  const std::size_t workers =
      worker_count(execution, (n + grain - 1) / grain, n * count * set.points().cols() * sizeof(T));
  std::vector<Choice<T>> choices(workers, Choice<T>(set, searchers, lists, count));
  std::vector<std::vector<Unproven>> unproven(workers);
  parallel_blocks(execution, workers, n, grain,
                  [&](std::size_t worker, std::size_t begin, std::size_t end) {
                    for (std::size_t i = begin; i < end; ++i) {
                      const std::span<const Near> nearest = choices[worker].nearest(i);
                      if (choices[worker].is_proven(i, nearest))
                        write(i, nearest);
                      else
                        unproven[worker].push_back({i, nearest.size() < count
                                                           ? std::numeric_limits<double>::infinity()
                                                           : nearest.back().squared});
                    }
                  });
  for (std::size_t worker = 1; worker < workers; ++worker)
    unproven[0].insert(unproven[0].end(), unproven[worker].begin(), unproven[worker].end());
  if (!unproven[0].empty())
    search_again(set, searchers, count, std::span<const Unproven>(unproven[0]), execution, write);
}

#define CUPEL_INSTANTIATE(T)                                                                      \
  template class SearchedSet<T>;                                                                  \
  template class Choice<T>;                                                                       \
  template void search(const SearchedSet<T>&, const Searchers<T>&, std::size_t, const Execution&, \
                       const std::function<void(std::size_t, std::span<const Near>)>&);
CUPEL_INSTANTIATE(Half)
CUPEL_INSTANTIATE(float)
CUPEL_INSTANTIATE(double)
#undef CUPEL_INSTANTIATE

}  // namespace cupel
