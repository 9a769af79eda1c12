#include <limits>

#include "core/multiannotator/tally.hpp"
#include "core/pairwise.hpp"

namespace cupel {
namespace {

// Calls body(worker, annotator) for every annotator.
template <typename Body>
void for_each_annotator(const Execution& execution, const Annotations& annotations,
                        std::size_t workers, const Body& body) {
  parallel_blocks(execution, workers, annotations.annotators(), 1,
                  [&](std::size_t worker, std::size_t begin, std::size_t end) {
                    for (std::size_t j = begin; j < end; ++j) body(worker, j);
                  });
}

// An annotator's labels by class: how many, and how many are the consensus.
class ClassRecord {
 public:
  explicit ClassRecord(std::size_t classes) : total_(classes), same_(classes) {}

  void count(std::span<const Mark> labels, std::span<const std::int64_t> consensus) {
    std::fill(total_.begin(), total_.end(), 0u);
    std::fill(same_.begin(), same_.end(), 0u);
    for (const Mark& mark : labels) {
      ++total_[mark.label];
      if (consensus[mark.of] == mark.label) ++same_[mark.label];
    }
  }

  // The class that is the consensus least often; of equals the one given most often, then the one
  // with the highest mean quality, then the lowest; -1 without labels.
  std::int64_t worst(std::span<const Mark> labels, std::span<const double> quality) {
    worst_.clear();
    for (std::size_t k = 0; k < total_.size(); ++k) {
      if (total_[k] == 0) continue;
      const int order = worst_.empty() ? -1 : compare(k, worst_[0]);
      if (order < 0) worst_.clear();
      if (order <= 0) worst_.push_back(k);
    }
    if (worst_.empty()) return -1;
    return static_cast<std::int64_t>(worst_.size() == 1 ? worst_[0]
                                                        : with_best_quality(labels, quality));
  }

 private:
  // Negative if class k is worse than the other, 0 if agreement and number of labels do not tell.
  [[nodiscard]] int compare(std::size_t k, std::size_t other) const {
    const auto same = std::uint64_t{same_[k]} * total_[other];
    const auto same_of_other = std::uint64_t{same_[other]} * total_[k];
    if (same != same_of_other) return same < same_of_other ? -1 : 1;
    if (total_[k] != total_[other]) return total_[k] > total_[other] ? -1 : 1;
    return 0;
  }

  // Of worst_, which were all given equally often: sums do instead of means.
  [[nodiscard]] std::size_t with_best_quality(std::span<const Mark> labels,
                                              std::span<const double> quality) const {
    const std::size_t each = total_[worst_[0]];
    std::vector<std::size_t> next(total_.size(), kNotTied);
    for (std::size_t i = 0; i < worst_.size(); ++i) next[worst_[i]] = i * each;
    std::vector<double> values(worst_.size() * each);
    for (const Mark& mark : labels)
      if (next[mark.label] != kNotTied) values[next[mark.label]++] = quality[mark.of];
    const auto get = [&](std::size_t i) { return values[i]; };
    std::size_t best = 0;
    double best_sum = pairwise_sum(get, 0, each);
    for (std::size_t i = 1; i < worst_.size(); ++i) {
      const double sum = pairwise_sum(get, i * each, each);
      if (sum > best_sum) {
        best = i;
        best_sum = sum;
      }
    }
    return worst_[best];
  }

  static constexpr std::size_t kNotTied = std::numeric_limits<std::size_t>::max();

  std::vector<std::uint32_t> total_, same_;
  std::vector<std::size_t> worst_;
};

void summarize(const Annotations& annotations, std::size_t j,
               std::span<const std::int64_t> consensus, std::span<const double> scores,
               const AnnotatorSummary& out) {
  const auto labels = annotations.of_annotator(j);
  const double* of_labels = scores.data() + annotations.begin_of_annotator(j);
  const auto count = static_cast<double>(labels.size());
  double same = 0.0;
  double shared = 0.0;
  double shared_same = 0.0;
  for (const Mark& mark : labels) {
    const double is_consensus = consensus[mark.of] == mark.label ? 1.0 : 0.0;
    const double is_shared = annotations.labels_of(mark.of) != 1 ? 1.0 : 0.0;
    same += is_consensus;
    shared += is_shared;
    shared_same += is_consensus * is_shared;
  }
  const auto score = [&](std::size_t i) { return of_labels[i]; };
  out.mean_score[j] = pairwise_sum(score, 0, labels.size()) / count;
  out.agreement[j] = same / count;
  out.shared_agreement[j] = shared_same / shared;
}

}  // namespace

void label_scores(const Annotations& annotations, Probabilities probs, const Execution& execution,
                  std::span<double> out) {
  const std::size_t workers = label_workers(execution, annotations, annotations.annotators());
  for_each_annotator(execution, annotations, workers, [&](std::size_t, std::size_t j) {
    double* to = out.data() + annotations.begin_of_annotator(j);
    for (const Mark& mark : annotations.of_annotator(j)) *to++ = probs.row(mark.of)[mark.label];
  });
}

void spread_scores(const Annotations& annotations, std::span<const double> scores,
                   const Execution& execution, std::span<double> out) {
  const std::size_t rows = annotations.rows();
  const std::size_t workers =
      worker_count(execution, annotations.annotators(), out.size() * sizeof(double));
  for_each_annotator(execution, annotations, workers, [&](std::size_t, std::size_t j) {
    double* column = out.data() + j * rows;
    std::fill_n(column, rows, std::numeric_limits<double>::quiet_NaN());
    const double* from = scores.data() + annotations.begin_of_annotator(j);
    for (const Mark& mark : annotations.of_annotator(j)) column[mark.of] = *from++;
  });
}

void summarize_annotators(const Annotations& annotations, std::span<const std::int64_t> consensus,
                          std::span<const double> quality, std::span<const double> scores,
                          std::size_t classes, const Execution& execution,
                          const AnnotatorSummary& out) {
  const std::size_t workers = label_workers(execution, annotations, annotations.annotators());
  std::vector<ClassRecord> records(workers, ClassRecord(classes));
  for_each_annotator(execution, annotations, workers, [&](std::size_t worker, std::size_t j) {
    summarize(annotations, j, consensus, scores, out);
    const auto labels = annotations.of_annotator(j);
    records[worker].count(labels, consensus);
    out.worst_class[j] = records[worker].worst(labels, quality);
  });
}

}  // namespace cupel
