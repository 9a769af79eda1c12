#include "cupel/latent.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <utility>

#include "core/pairwise.hpp"

namespace cupel {
namespace {

constexpr double kTiny = 1e-100;  // divisors are raised to this
constexpr double kHighestNoiseRate = 0.9999;
constexpr double kLowestPrior = 1e-6;
constexpr double kLowestConvergedPrior = 1e-5;
constexpr int kOuterRounds = 3;
constexpr int kInnerRounds = 5;

using Matrix = SquareMatrix<double>;
using Vector = std::vector<double>;

double guarded(double divisor) { return std::max(divisor, kTiny); }

Vector column_sums(const Matrix& m) {
  Vector sums(m.size);
  for (std::size_t i = 0; i < m.size; ++i)
    for (std::size_t j = 0; j < m.size; ++j) sums[j] += m(i, j);
  return sums;
}

void divide_columns(Matrix& m, const Vector& divisors) {
  for (std::size_t i = 0; i < m.size; ++i)
    for (std::size_t j = 0; j < m.size; ++j) m(i, j) /= guarded(divisors[j]);
}

// Off-diagonal rates into [0, 0.9999], the diagonal kept, columns made to sum to 1.
void clip_noise_rates(Matrix& m) {
  for (std::size_t i = 0; i < m.size; ++i)
    for (std::size_t j = 0; j < m.size; ++j)
      if (i != j) m(i, j) = std::clamp(m(i, j), 0.0, kHighestNoiseRate);
  divide_columns(m, column_sums(m));
}

void clip_prior(Vector& prior, double lowest) {
  for (double& p : prior) p = std::clamp(p, lowest, 1.0);
  const double sum = std::accumulate(prior.begin(), prior.end(), 0.0);
  for (double& p : prior) p /= sum;
}

// x with m x = b, by Gaussian elimination with partial pivoting.
Vector solve(Matrix m, Vector b) {
  const std::size_t n = m.size;
  for (std::size_t c = 0; c < n; ++c) {
    std::size_t pivot = c;
    for (std::size_t r = c + 1; r < n; ++r)
      if (std::abs(m(r, c)) > std::abs(m(pivot, c))) pivot = r;
    if (m(pivot, c) == 0.0)
      throw std::invalid_argument(
          "the noise matrix is singular, so py_method='eqn' has no solution; use py_method='cnt'");
    for (std::size_t j = 0; j < n; ++j) std::swap(m(c, j), m(pivot, j));
    std::swap(b[c], b[pivot]);
    for (std::size_t r = c + 1; r < n; ++r) {
      const double factor = m(r, c) / m(c, c);
      if (factor == 0.0) continue;
      for (std::size_t j = c; j < n; ++j) m(r, j) -= factor * m(c, j);
      b[r] -= factor * b[c];
    }
  }
  for (std::size_t c = n; c-- > 0;) {
    for (std::size_t j = c + 1; j < n; ++j) b[c] -= m(c, j) * b[j];
    b[c] /= m(c, c);
  }
  return b;
}

Vector prior_cnt(const Matrix& noise, const Matrix& inverse, const Vector& given_prior) {
  Vector prior(noise.size);
  for (std::size_t k = 0; k < noise.size; ++k)
    prior[k] = inverse(k, k) / guarded(noise(k, k)) * given_prior[k];
  return prior;
}

Vector estimate_prior(const Matrix& joint, const LatentEstimates& e, const Vector& given_prior,
                      PriorMethod method) {
  Vector prior;
  switch (method) {
    case PriorMethod::kCnt:
      prior = prior_cnt(e.noise_matrix, e.inverse_matrix, given_prior);
      break;
    case PriorMethod::kEqn:
      prior = solve(e.noise_matrix, given_prior);
      break;
    case PriorMethod::kMarginal: {
      prior = column_sums(joint);
      const double total = std::accumulate(prior.begin(), prior.end(), 0.0);
      for (double& p : prior) p /= guarded(total);
      break;
    }
    case PriorMethod::kMarginalPs:
      prior.assign(joint.size, 0.0);
      for (std::size_t i = 0; i < joint.size; ++i)
        for (std::size_t j = 0; j < joint.size; ++j)
          prior[i] += e.inverse_matrix(i, j) * given_prior[j];
      break;
  }
  clip_prior(prior, kLowestPrior);
  return prior;
}

// [true, given] from [given, true] and both priors (Bayes), or the other way round.
Matrix bayes(const Matrix& m, const Vector& prior, const Vector& evidence) {
  Matrix inverse(m.size);
  for (std::size_t i = 0; i < m.size; ++i)
    for (std::size_t j = 0; j < m.size; ++j)
      inverse(j, i) = m(i, j) * prior[j] / guarded(evidence[i]);
  clip_noise_rates(inverse);
  return inverse;
}

void converge(LatentEstimates& e, const Vector& given_prior) {
  for (int outer = 0; outer < kOuterRounds; ++outer) {
    for (int inner = 0; inner < kInnerRounds; ++inner) {
      e.inverse_matrix = bayes(e.noise_matrix, e.prior, given_prior);
      e.prior = prior_cnt(e.noise_matrix, e.inverse_matrix, given_prior);
      clip_prior(e.prior, kLowestPrior);
    }
    e.noise_matrix = bayes(e.inverse_matrix, given_prior, e.prior);
  }
  clip_prior(e.prior, kLowestConvergedPrior);
  clip_noise_rates(e.noise_matrix);
  clip_noise_rates(e.inverse_matrix);
}

// Rates in [given, true] order: what stays of each class (diagonal) and what is to be removed.
// Raises the diagonal to `least`, at the cost of the rest of the row in equal parts; then the part
// 1 - frac_noise of the rest goes back to the diagonal. Cut to integers.
void keep_at_least(std::span<const double> joint, std::size_t k, const PruneOptions& options,
                   std::span<double> removed, std::span<std::int64_t> counts) {
  const std::size_t n = joint.size();
  const double believed = std::max(joint[k], static_cast<double>(options.min_examples_per_class));
  const auto nonzero = n - static_cast<std::size_t>(std::count(joint.begin(), joint.end(), 0.0));
  const double taken = (believed - joint[k]) / static_cast<double>(nonzero > 1 ? nonzero - 1 : 1);
  for (std::size_t j = 0; j < n; ++j) removed[j] = std::max(joint[j] - taken, 0.0);
  removed[k] = 0.0;
  for (std::size_t j = 0; j < n; ++j)
    counts[j] = static_cast<std::int64_t>(removed[j] * options.frac_noise);
  const double given_back = pairwise_sum(
      [&](std::size_t j) { return removed[j] - removed[j] * options.frac_noise; }, 0, n);
  counts[k] = static_cast<std::int64_t>(believed + given_back);
}

// Scales the counts so that num_to_remove[j] labels are removed in favour of true class j, as
// cleanlab does: by shares that are counts over the total of the *given* label's column.
void set_num_to_remove(SquareMatrix<std::int64_t>& counts,
                       std::span<const std::int64_t> label_counts,
                       std::span<const double> num_to_remove) {
  const std::size_t n = counts.size;
  Vector totals(n);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j) totals[j] += static_cast<double>(counts(i, j));
  Vector column(n);
  std::vector<std::int64_t> rounded(n);
  for (std::size_t j = 0; j < n; ++j) {
    for (std::size_t i = 0; i < n; ++i)
      column[i] = static_cast<double>(counts(i, j)) / guarded(totals[i]);
    const double rest =
        guarded(pairwise_sum([&](std::size_t i) { return column[i]; }, 0, n) - column[j]);
    for (double& value : column) value = value * num_to_remove[j] / rest;
    column[j] = static_cast<double>(label_counts[j]) - num_to_remove[j];
    round_preserving_sum(column, rounded);
    for (std::size_t i = 0; i < n; ++i) counts(i, j) = rounded[i];
  }
}

// The joint's row k as doubles; refuses what is no count that a double holds exactly.
template <typename V>
void read_row(const SquareMatrix<V>& joint, std::size_t k, std::span<double> row) {
  constexpr double highest = 9007199254740992.0;  // 2^53
  for (std::size_t j = 0; j < joint.size; ++j) {
    row[j] = static_cast<double>(joint(k, j));
    if (!(row[j] >= 0.0 && row[j] <= highest))
      throw std::invalid_argument("confident_joint must hold counts between 0 and 2^53");
  }
}

// `out.joint` may be the very joint.
template <typename V>
void calibrate_rows(const SquareMatrix<V>& joint, std::span<const std::int64_t> label_counts,
                    CalibratedJoint& out) {
  const std::size_t n = joint.size;
  Vector row(n);
  Vector totals(n);
  for (std::size_t a = 0; a < n; ++a) {
    read_row(joint, a, row);
    totals[a] = guarded(pairwise_sum([&](std::size_t b) { return row[b]; }, 0, n));
  }
  double examples = 0.0;
  for (const std::int64_t count : label_counts) examples += static_cast<double>(count);
  const auto scaled = [&](std::size_t a, V value) {
    return static_cast<double>(value) / totals[a] * static_cast<double>(label_counts[a]);
  };
  out.total = guarded(
      pairwise_sum([&](std::size_t e) { return scaled(e % n, joint(e % n, e / n)); }, 0, n * n));
  for (std::size_t a = 0; a < n; ++a) {
    for (std::size_t b = 0; b < n; ++b) row[b] = scaled(a, joint(a, b)) / out.total * examples;
    if (round_preserving_sum(row, std::span(out.joint.values).subspan(a * n, n)))
      out.tied.push_back(a);
  }
}

// `out` may be the very joint.
template <typename V>
void prune_rows(const SquareMatrix<V>& joint, std::span<const std::int64_t> label_counts,
                const PruneOptions& options, SquareMatrix<std::int64_t>& out) {
  Vector row(joint.size);
  Vector removed(joint.size);
  for (std::size_t k = 0; k < joint.size; ++k) {
    read_row(joint, k, row);
    keep_at_least(row, k, options, removed,
                  std::span(out.values).subspan(k * joint.size, joint.size));
  }
  if (!options.num_to_remove.empty()) set_num_to_remove(out, label_counts, options.num_to_remove);
}

}  // namespace

void raise_diagonal(SquareMatrix<std::int64_t>& joint) {
  for (std::size_t k = 0; k < joint.size; ++k) joint(k, k) = std::max<std::int64_t>(joint(k, k), 1);
}

bool round_preserving_sum(std::span<const double> row, std::span<std::int64_t> out) {
  std::int64_t rounded_sum = 0;
  for (std::size_t j = 0; j < row.size(); ++j) {
    out[j] = std::llrint(row[j]);
    rounded_sum += out[j];
  }
  const double sum = pairwise_sum([&](std::size_t j) { return row[j]; }, 0, row.size());
  const std::int64_t missing = std::llrint(sum) - rounded_sum;
  if (missing == 0) return false;
  // Those that rounding moved most come first; of equal ones the last go up, the first go down.
  const std::int64_t step = missing > 0 ? 1 : -1;
  const auto sign = static_cast<double>(step);
  std::vector<std::pair<double, std::size_t>> moved(row.size());
  for (std::size_t j = 0; j < row.size(); ++j)
    moved[j] = {sign * (static_cast<double>(out[j]) - row[j]), step > 0 ? row.size() - j : j};
  const std::size_t changes = std::min(row.size(), static_cast<std::size_t>(std::abs(missing)));
  std::nth_element(moved.begin(), moved.begin() + static_cast<std::ptrdiff_t>(changes) - 1,
                   moved.end());
  for (std::size_t c = 0; c < changes; ++c)
    out[step > 0 ? row.size() - moved[c].second : moved[c].second] += step;
  const double last = moved[changes - 1].first;
  return std::any_of(moved.begin() + static_cast<std::ptrdiff_t>(changes), moved.end(),
                     [&](const auto& left) { return left.first == last; });
}

CalibratedJoint calibrate_confident_joint(const SquareMatrix<double>& joint,
                                          std::span<const std::int64_t> label_counts) {
  CalibratedJoint out{SquareMatrix<std::int64_t>(joint.size), 0.0, {}};
  calibrate_rows(joint, label_counts, out);
  return out;
}

CalibratedJoint calibrate_confident_joint(SquareMatrix<std::int64_t> joint,
                                          std::span<const std::int64_t> label_counts) {
  CalibratedJoint out{std::move(joint), 0.0, {}};
  calibrate_rows(out.joint, label_counts, out);
  return out;
}

LatentEstimates estimate_latent(const SquareMatrix<double>& joint,
                                std::span<const std::int64_t> label_counts, PriorMethod method,
                                bool converge_estimates) {
  const std::size_t n = joint.size;
  Vector given_prior(label_counts.begin(), label_counts.end());
  const double examples = std::accumulate(given_prior.begin(), given_prior.end(), 0.0);
  for (double& p : given_prior) p /= guarded(examples);

  LatentEstimates e;
  e.noise_matrix = joint;
  divide_columns(e.noise_matrix, column_sums(joint));
  e.inverse_matrix = Matrix(n);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j) e.inverse_matrix(j, i) = joint(i, j);
  divide_columns(e.inverse_matrix, column_sums(e.inverse_matrix));
  e.prior = estimate_prior(joint, e, given_prior, method);
  clip_noise_rates(e.noise_matrix);
  clip_noise_rates(e.inverse_matrix);
  if (converge_estimates) converge(e, given_prior);
  return e;
}

SquareMatrix<std::int64_t> prune_counts(const SquareMatrix<double>& joint,
                                        std::span<const std::int64_t> label_counts,
                                        const PruneOptions& options) {
  SquareMatrix<std::int64_t> out(joint.size);
  prune_rows(joint, label_counts, options, out);
  return out;
}

SquareMatrix<std::int64_t> prune_counts(SquareMatrix<std::int64_t> joint,
                                        std::span<const std::int64_t> label_counts,
                                        const PruneOptions& options) {
  prune_rows(joint, label_counts, options, joint);
  return joint;
}

}  // namespace cupel
