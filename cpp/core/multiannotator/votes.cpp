#include <cmath>
#include <stdexcept>
#include <string>

#include "core/multiannotator/tally.hpp"
#include "core/pairwise.hpp"

namespace cupel {
namespace {

using Classes = std::vector<std::uint32_t>;

// Keeps those of the tied classes with the highest score.
template <typename Score>
void keep_best(Classes& tied, const Score& score) {
  auto best = score(tied[0]);
  for (const std::uint32_t k : tied) best = std::max(best, score(k));
  std::erase_if(tied, [&](std::uint32_t k) { return score(k) != best; });
}

// The vote on one example, as far as its own labels, the probabilities and the totals decide it.
class Ballot {
 public:
  Ballot(const Annotations& annotations, const Probabilities* probs, std::size_t classes)
      : annotations_(annotations), probs_(probs), tally_(classes) {}

  // Returns the classes still tied, at least one.
  Classes& decide(std::size_t row) {
    tally_.count(annotations_.of_row(row));
    tied_ = tally_.given();
    if (tied_.empty())
      throw std::invalid_argument("labels_multiannotator[" + std::to_string(row) +
                                  "] has no label, expected at least one per example");
    keep_best(tied_, [&](std::uint32_t k) { return tally_[k]; });
    had_tie_ = tied_.size() > 1;
    if (had_tie_ && probs_ != nullptr) {
      const double* p = probs_->row(row);
      keep_best(tied_, [&](std::uint32_t k) { return p[k]; });
      if (tied_.empty()) tied_ = tally_.given();  // every probability is nan
    }
    if (tied_.size() > 1)
      keep_best(tied_, [&](std::uint32_t k) { return -annotations_.class_totals()[k]; });
    return tied_;
  }
  [[nodiscard]] bool had_tie() const { return had_tie_; }

 private:
  const Annotations& annotations_;
  const Probabilities* probs_;
  Tally tally_;
  Classes tied_;
  bool had_tie_ = false;
};

// Share of each annotator's labels, on the examples without a tie, that are the majority's; who has
// none gets the mean of the others.
std::vector<double> reliability(const Annotations& annotations,
                                const std::vector<std::uint8_t>& clear,
                                std::span<const std::int64_t> majority,
                                const Execution& execution) {
  std::vector<double> shares(annotations.annotators());
  parallel_blocks(execution, label_workers(execution, annotations, shares.size()), shares.size(), 1,
                  [&](std::size_t, std::size_t begin, std::size_t end) {
                    for (std::size_t j = begin; j < end; ++j) {
                      double same = 0.0;
                      double all = 0.0;
                      for (const Mark& mark : annotations.of_annotator(j)) {
                        if (clear[mark.of] == 0) continue;
                        all += 1.0;
                        if (mark.label == majority[mark.of]) same += 1.0;
                      }
                      shares[j] = same / all;
                    }
                  });
  double known = 0.0;
  for (const double share : shares) known += std::isnan(share) ? 0.0 : 1.0;
  const double sum = pairwise_sum(
      [&](std::size_t j) { return std::isnan(shares[j]) ? 0.0 : shares[j]; }, 0, shares.size());
  for (double& share : shares)
    if (std::isnan(share)) share = sum / known;
  return shares;
}

// Keeps those of the tied classes whose supporters are the most reliable; all if there is no best.
void keep_most_reliable(std::span<const Mark> labels, const std::vector<double>& shares,
                        Classes& tied) {
  const auto mean = [&](std::uint32_t k) {
    std::vector<double> of_supporters;
    for (const Mark& mark : labels)
      if (mark.label == k) of_supporters.push_back(shares[mark.of]);
    const auto get = [&](std::size_t i) { return of_supporters[i]; };
    return pairwise_sum(get, 0, of_supporters.size()) / static_cast<double>(of_supporters.size());
  };
  Classes best = tied;
  keep_best(best, mean);
  if (!best.empty()) tied = best;
}

}  // namespace

OpenVotes majority_vote(const Annotations& annotations, const Probabilities* probs,
                        std::size_t classes, const Execution& execution,
                        std::span<std::int64_t> out) {
  const std::size_t rows = annotations.rows();
  std::vector<std::uint8_t> clear(rows);
  const std::size_t workers = label_workers(execution, annotations, example_blocks(rows));
  std::vector<Ballot> ballots(workers, Ballot(annotations, probs, classes));
  parallel_blocks(execution, workers, rows, kExamplesPerBlock,
                  [&](std::size_t worker, std::size_t begin, std::size_t end) {
                    Ballot& ballot = ballots[worker];
                    for (std::size_t i = begin; i < end; ++i) {
                      const Classes& tied = ballot.decide(i);
                      out[i] = tied.size() == 1 ? static_cast<std::int64_t>(tied[0]) : -1;
                      clear[i] = ballot.had_tie() ? 0 : 1;
                    }
                  });
  OpenVotes open;
  for (std::size_t i = 0; i < rows; ++i)
    if (out[i] < 0) open.rows.push_back(static_cast<std::int64_t>(i));
  open.begin.push_back(0);
  if (open.rows.empty()) return open;

  const std::vector<double> shares = reliability(annotations, clear, out, execution);
  std::vector<std::int64_t> undecided;
  parallel_blocks(execution, 1, open.rows.size(), kExamplesPerBlock,
                  [&](std::size_t, std::size_t begin, std::size_t end) {
                    for (std::size_t n = begin; n < end; ++n) {
                      const auto row = static_cast<std::size_t>(open.rows[n]);
                      Classes& tied = ballots[0].decide(row);
                      keep_most_reliable(annotations.of_row(row), shares, tied);
                      if (tied.size() == 1) {
                        out[row] = static_cast<std::int64_t>(tied[0]);
                        continue;
                      }
                      undecided.push_back(open.rows[n]);
                      open.classes.insert(open.classes.end(), tied.begin(), tied.end());
                      open.begin.push_back(open.classes.size());
                    }
                  });
  open.rows = std::move(undecided);
  return open;
}

}  // namespace cupel
