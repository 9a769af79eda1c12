#include "cupel/scorer.hpp"

#include <array>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include "core/block_scorer.hpp"
#include "core/posterior/judge.hpp"
#include "core/scalar.hpp"
#include "core/thresholds.hpp"

namespace cupel {
namespace {

// What one storage type needs: its cuts, and its scorer for results of its own type or of double.
template <typename T>
struct Typed {
  std::vector<Compute<T>> cuts;
  BlockScorer<T, T> same;
  BlockScorer<T, double> wide;
  bool is_double;

  Typed(const Thresholds& thresholds, ScoreMethod method, const Thresholds* adjust)
      : cuts(confident_cuts<T>(thresholds)),
        same(method, adjust),
        wide(method, adjust),
        is_double(scores_are_double<T>(method, adjust)) {}

  [[nodiscard]] double score(const RowBlock<T>& row) const {
    if (is_double) {
      double out = 0.0;
      wide.check(row, 0);
      wide.score(row, &out);
      return out;
    }
    T out{};
    same.check(row, 0);
    same.score(row, &out);
    return static_cast<double>(to_compute(out));
  }
};

// A noise model that stays, with its tables.
class FrozenPosterior {
 public:
  explicit FrozenPosterior(NoiseModel model)
      : model_(std::move(model)), tables_(model_.thresholds, model_.noise_matrix) {}
  FrozenPosterior(const FrozenPosterior&) = delete;  // the tables refer to the model

  template <typename T>
  [[nodiscard]] LabelPosterior judged(const RowBlock<T>& row) const {
    if (kernels_of<T>().first_invalid_row(row.probs, kProbabilityTolerance) == 0)
      throw_invalid_row(row.probs, 0, 0);
    Judge<kLanes> judge(tables_, model_.temperature);
    judge.weigh(&row.probs.data, row.given, 1);
    LabelPosterior out;
    judge.judge([&](std::size_t, const LabelPosterior& found) { out = found; });
    return out;
  }

 private:
  NoiseModel model_;
  TrueClassTables tables_;
};

}  // namespace

struct Scorer::State {
  Thresholds thresholds;
  Collision collision;
  Typed<Half> f16;
  Typed<float> f32;
  Typed<double> f64;
  std::optional<FrozenPosterior> posterior;

  State(const Thresholds& t, ScoreMethod method, const Thresholds* adjust, Collision rule)
      : thresholds(t),
        collision(rule),
        f16(t, method, adjust),
        f32(t, method, adjust),
        f64(t, method, adjust) {}

  template <typename T>
  [[nodiscard]] const Typed<T>& typed() const {
    if constexpr (std::is_same_v<T, Half>)
      return f16;
    else if constexpr (std::is_same_v<T, float>)
      return f32;
    else
      return f64;
  }

  // The row as a block; throws if the label is no class.
  template <typename T>
  [[nodiscard]] RowBlock<T> block(const T* probs, const std::int64_t& given) const {
    const std::size_t classes = thresholds.values.size();
    if (given < 0 || static_cast<std::uint64_t>(given) >= classes)
      throw InvalidLabel(0, given, classes);
    return {{probs, 1, classes, 0}, &given};
  }
};

Scorer::Scorer(const Thresholds& thresholds, ScoreMethod method, bool adjust, Collision collision) {
  if (thresholds.values.empty()) throw std::invalid_argument("thresholds must not be empty");
  if (adjust && method == ScoreMethod::kConfidenceWeightedEntropy)
    throw std::invalid_argument(
        "adjust_pred_probs is not possible with method='confidence_weighted_entropy'");
  state_ =
      std::make_unique<const State>(thresholds, method, adjust ? &thresholds : nullptr, collision);
}
Scorer::Scorer(NoiseModel model, Thresholds thresholds, Collision collision) {
  const std::size_t classes = thresholds.values.size();
  if (classes == 0 || model.thresholds.size() != classes || model.noise_matrix.size != classes)
    throw std::invalid_argument("a noise model needs thresholds and rates for every class");
  auto state = std::make_unique<State>(std::move(thresholds), ScoreMethod::kSelfConfidence, nullptr,
                                       collision);
  state->posterior.emplace(std::move(model));
  state_ = std::move(state);
}
Scorer::Scorer(Scorer&&) noexcept = default;
Scorer& Scorer::operator=(Scorer&&) noexcept = default;
Scorer::~Scorer() = default;

std::size_t Scorer::classes() const { return state_->thresholds.values.size(); }
const Thresholds& Scorer::thresholds() const { return state_->thresholds; }

template <typename T>
double Scorer::score(const T* probs, std::int64_t given) const {
  const RowBlock<T> row = state_->block(probs, given);
  return state_->posterior ? state_->posterior->judged(row).score : state_->typed<T>().score(row);
}

template <typename T>
Verdict Scorer::check(const T* probs, std::int64_t given) const {
  const RowBlock<T> block = state_->block(probs, given);
  const Typed<T>& typed = state_->typed<T>();
  Verdict verdict;
  LabelPosterior posterior;
  if (state_->posterior) posterior = state_->posterior->judged(block);
  verdict.score = state_->posterior ? posterior.score : typed.score(block);
  std::uint8_t flags = 0;
  const KernelsOf<T>& kernels = kernels_of<T>();
  if (kernels.confident_rows(block, typed.cuts.data(), state_->collision == Collision::kConfident,
                             &verdict.confident_class, &flags) == 0)
    throw_invalid_row(block.probs, 0, 0);
  if (state_->posterior) {
    verdict.suggested_label = posterior.suggested_label;
    verdict.is_label_issue = posterior.error_probability > 0.5;
    return verdict;
  }
  kernels.argmax_rows(block.probs, &verdict.suggested_label);
  verdict.is_label_issue = flags == (kOffDiagonal | kPredictedOther);
  return verdict;
}

#define CUPEL_INSTANTIATE(T)                                   \
  template double Scorer::score(const T*, std::int64_t) const; \
  template Verdict Scorer::check(const T*, std::int64_t) const;
CUPEL_INSTANTIATE(Half)
CUPEL_INSTANTIATE(float)
CUPEL_INSTANTIATE(double)
#undef CUPEL_INSTANTIATE

}  // namespace cupel
