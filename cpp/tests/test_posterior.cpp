// The noise posterior: plain loops, the same bits everywhere, planted noise, the frozen scorer.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>

#include "check.hpp"
#include "core/cpu.hpp"
#include "cupel/checks.hpp"
#include "cupel/count.hpp"
#include "cupel/posterior.hpp"
#include "cupel/scorer.hpp"
#include "data.hpp"

namespace cupel::test {
namespace {

NoiseModel random_model(Random& random, std::size_t classes) {
  NoiseModel model{std::vector<double>(classes), SquareMatrix<double>(classes),
                   random.one_of({0.0625, 0.5, 1.0, 2.5, 16.0})};
  for (std::size_t z = 0; z < classes; ++z) {
    model.thresholds[z] = 0.05 + random.unit();
    double sum = 0.0;
    for (std::size_t g = 0; g < classes; ++g)
      sum += model.noise_matrix(g, z) = 0.001 + random.unit() * (g == z ? 10.0 : 0.3);
    for (std::size_t g = 0; g < classes; ++g) model.noise_matrix(g, z) /= sum;
  }
  return model;
}

// The steps of docs/noise-posterior.md for one row of up to 16 classes, without any thought of
// speed.
std::vector<double> naive_posterior(std::vector<double> p, std::size_t given,
                                    const NoiseModel& model) {
  const std::size_t k = p.size();
  const auto normalise = [](std::vector<double>& v, const std::vector<double>& otherwise) {
    const double sum = std::accumulate(v.begin(), v.end(), 0.0);
    if (sum < 1e-300) {
      v = otherwise;
      return;
    }
    for (double& x : v) x /= sum;
  };
  for (double& x : p) x = std::max(x, 0.0);
  std::vector<double> weights(k);
  for (std::size_t z = 0; z < k; ++z) weights[z] = p[z] / model.thresholds[z];
  normalise(weights, std::vector<double>(k, 1.0 / static_cast<double>(k)));
  std::vector<double> moved(k);
  for (std::size_t h = 0; h < k; ++h) {
    double expected = 0.0;
    for (std::size_t z = 0; z < k; ++z) expected += model.noise_matrix(h, z) * weights[z];
    for (std::size_t z = 0; z < k && expected > 0.0; ++z)
      moved[z] += weights[z] * model.noise_matrix(h, z) * p[h] / expected;
  }
  normalise(moved, weights);
  std::vector<double> q(k);
  double top = 0.0;
  for (double& x : moved) top = std::max(top, x = std::max(x, 1e-12));
  for (std::size_t z = 0; z < k; ++z)
    q[z] = model.noise_matrix(given, z) * std::pow(moved[z] / top, model.temperature);
  normalise(q, q);
  return q;
}

template <typename T>
struct Examples {
  Matrix<T> probs;
  std::vector<std::int64_t> labels;

  Examples(Random& random, std::size_t n, std::size_t classes)
      : probs(n, classes), labels(random_labels(random, n, classes)) {
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < classes; ++j)
        probs(i, j) = stored<T>(i % 9 == 0 ? 0.0 : tied_probability(random));
  }
};

struct Results {
  std::vector<double> scores, errors, suggested_probs, probs;
  std::vector<std::int64_t> suggested;

  template <typename T>
  Results(const Examples<T>& rows, const NoiseModel& model, const Execution& execution = {})
      : scores(rows.labels.size()),
        errors(scores),
        suggested_probs(scores),
        probs(scores.size() * model.thresholds.size()),
        suggested(scores.size()) {
    label_posteriors(rows.probs.view(), view_of(rows.labels), model, execution,
                     {scores, errors, suggested, suggested_probs});
    true_label_probs(rows.probs.view(), view_of(rows.labels), model, execution, std::span(probs));
  }
  bool operator==(const Results&) const = default;
};

template <typename T>
void check_against_naive(std::uint64_t seed) {
  Random random(seed);
  for (int round = 0; round < rounds(40); ++round) {
    const std::size_t k = 1 + random.below(16);
    const NoiseModel model = random_model(random, k);
    const Examples<T> rows(random, 1 + random.below(150), k);
    const Results found(rows, model);
    for (std::size_t i = 0; i < rows.labels.size(); ++i) {
      std::vector<double> p(k);
      for (std::size_t j = 0; j < k; ++j)
        p[j] = static_cast<double>(to_compute(rows.probs.view().row(i)[j]));
      const auto given = static_cast<std::size_t>(rows.labels[i]);
      const std::vector<double> q = naive_posterior(p, given, model);
      double best = -1.0;
      for (std::size_t z = 0; z < k; ++z) {
        CHECK(std::abs(found.probs[i * k + z] - q[z]) < 1e-9, round, i, z, q[z]);
        if (z != given) best = std::max(best, q[z]);
      }
      CHECK(std::abs(found.errors[i] - (1.0 - q[given])) < 1e-9, round, i);
      if (k == 1) {
        CHECK(found.scores[i] == 1.0 && found.suggested[i] == 0 && found.suggested_probs[i] == 1.0);
        continue;
      }
      CHECK(std::abs(found.scores[i] - (q[given] - best + 1.0) / 2.0) < 1e-9, round, i);
      CHECK(found.suggested[i] != rows.labels[i], round, i);
      CHECK(std::abs(q[static_cast<std::size_t>(found.suggested[i])] - best) < 1e-9, round, i);
      CHECK(std::abs(found.suggested_probs[i] - best) < 1e-9, round, i);
    }
  }
}

// Labels, drawn from true classes by a noise matrix, and a classifier that is never certain.
struct Planted {
  Matrix<double> probs;
  std::vector<std::int64_t> labels;
  std::size_t n_errors = 0;

  Planted(Random& random, std::size_t n, std::size_t classes, double noise)
      : probs(n, classes), labels(n) {
    for (std::size_t i = 0; i < n; ++i) {
      const std::size_t truth = random.below(classes);
      const bool wrong = random.chance(noise);
      labels[i] = static_cast<std::int64_t>(wrong ? (truth + 1) % classes : truth);
      n_errors += wrong ? 1 : 0;
      double sum = 0.0;
      for (std::size_t j = 0; j < classes; ++j)
        sum += probs(i, j) = random.unit() * (j == truth ? 8.0 : 1.0) + 0.05;
      for (std::size_t j = 0; j < classes; ++j) probs(i, j) /= sum;
    }
  }

  [[nodiscard]] NoiseModel fit(const Execution& execution = {}) const {
    const LabelsView y = view_of(labels);
    ThresholdAccumulator sums(probs.view().cols);
    sums.update(probs.view(), y, execution);
    const Thresholds thresholds = sums.finish<double>();
    ConfidentJointAccumulator counts(thresholds, Collision::kArgmax);
    counts.update(probs.view(), y, execution);
    const SquareMatrix<std::int64_t> joint = std::move(counts).finish();
    SquareMatrix<double> scaled(joint.size);
    std::transform(joint.values.begin(), joint.values.end(), scaled.values.begin(),
                   [](std::int64_t count) { return static_cast<double>(count); });
    return fit_noise_model(probs.view(), y, std::span(thresholds.values), scaled, execution);
  }
};

bool same(const NoiseModel& a, const NoiseModel& b) {
  return a.thresholds == b.thresholds && a.noise_matrix.values == b.noise_matrix.values &&
         a.temperature == b.temperature;
}

}  // namespace

CUPEL_TEST(posteriors_are_those_of_plain_loops) {
  check_against_naive<Half>(1);
  check_against_naive<float>(2);
  check_against_naive<double>(3);
}

CUPEL_TEST(posteriors_have_the_same_bits_for_threads_and_instruction_sets) {
  Random random(4);
  for (const std::size_t k : {1, 2, 8, 9, 16, 17, 40, 300}) {
    const NoiseModel model = random_model(random, k);
    const Examples<float> rows(random, 777, k);
    const Results wanted(rows, model);
    for (const std::string& isa : available_isas()) {
      select_isa(isa);
      CHECK(Results(rows, model) == wanted, k, isa);
      Execution two;
      two.threads = 2;
      CHECK(Results(rows, model, two) == wanted, k, isa);
    }
    select_isa(available_isas().front());
  }
}

CUPEL_TEST(shortlists_hold_the_likeliest_classes_and_the_label) {
  Random random(5);
  for (const std::size_t k : {17, 24, 25, 130}) {
    const NoiseModel model = random_model(random, k);
    std::vector<double> inverse(padded(k));
    for (std::size_t z = 0; z < k; ++z) inverse[z] = 1.0 / model.thresholds[z];
    Examples<double> rows(random, 60, k);
    for (std::size_t i = 0; i < rows.labels.size(); ++i) {
      const double* p = rows.probs.view().row(i);
      std::vector<std::uint32_t> wanted(k);
      std::iota(wanted.begin(), wanted.end(), 0u);
      std::stable_sort(wanted.begin(), wanted.end(), [&](std::uint32_t a, std::uint32_t b) {
        return std::max(p[a], 0.0) * inverse[a] > std::max(p[b], 0.0) * inverse[b];
      });
      wanted.resize(kShortlist);
      const auto given = static_cast<std::uint32_t>(rows.labels[i]);
      if (std::find(wanted.begin(), wanted.end(), given) == wanted.end()) wanted.back() = given;
      std::sort(wanted.begin(), wanted.end());
      std::vector<std::uint32_t> found(kShortlist);
      kernels_of<double>().shortlist(p, k, inverse.data(), rows.labels[i], found.data());
      CHECK(found == wanted, k, i);
    }
  }
}

CUPEL_TEST(a_fit_finds_planted_noise) {
  Random random(6);
  const Planted rows(random, 6000, 5, 0.2);
  const NoiseModel model = rows.fit();
  for (std::size_t z = 0; z < 5; ++z) {
    double sum = 0.0;
    for (std::size_t g = 0; g < 5; ++g) sum += model.noise_matrix(g, z);
    CHECK(std::abs(sum - 1.0) < 1e-12, z, sum);
    CHECK(std::abs(model.noise_matrix(z, z) - 0.8) < 0.05, z, model.noise_matrix(z, z));
    CHECK(std::abs(model.noise_matrix((z + 1) % 5, z) - 0.2) < 0.05, z);
  }
  CHECK(model.temperature > 1.5, model.temperature);  // the classifier is too modest
  std::vector<double> scores(6000), errors(6000), probs(6000);
  std::vector<std::int64_t> suggested(6000);
  label_posteriors(rows.probs.view(), view_of(rows.labels), model, Execution{},
                   {scores, errors, suggested, probs});
  const ExpectedErrors expected = expected_errors(errors, view_of(rows.labels), 5, Execution{});
  const double total = std::accumulate(expected.by_class.begin(), expected.by_class.end(), 0.0);
  const auto truth = static_cast<double>(rows.n_errors);
  CHECK(std::abs(total / truth - 1.0) < 0.1, total, truth);
}

CUPEL_TEST(a_fit_does_not_depend_on_threads_or_instruction_sets) {
  Random random(7);
  for (const std::size_t k : {1, 3, 20}) {
    const Planted rows(random, 2000, k, 0.3);
    const NoiseModel wanted = rows.fit();
    for (const std::string& isa : available_isas()) {
      select_isa(isa);
      Execution two;
      two.threads = 2;
      CHECK(same(rows.fit(), wanted) && same(rows.fit(two), wanted), k, isa);
    }
    select_isa(available_isas().front());
  }
}

CUPEL_TEST(posteriors_refuse_what_does_not_fit) {
  Random random(8);
  const Examples<double> rows(random, 3, 4);
  const NoiseModel other = random_model(random, 3);
  CHECK(throws<std::invalid_argument>([&] { Results(rows, other); }));
  CHECK(throws<std::invalid_argument>([&] {
    (void)fit_noise_model(rows.probs.view(), view_of(rows.labels),
                          std::span<const double>(other.thresholds), SquareMatrix<double>(3),
                          Execution{});
  }));
  Examples<double> bad(random, 3, 4);
  bad.probs(1, 2) = std::numeric_limits<double>::quiet_NaN();
  CHECK(throws<InvalidProbability>([&] { Results(bad, random_model(random, 4)); }));
  bad.probs(1, 2) = 0.5;
  bad.labels[2] = 4;
  CHECK(throws<InvalidLabel>([&] { Results(bad, random_model(random, 4)); }));
}

CUPEL_TEST(a_frozen_model_gives_the_scores_of_the_whole_matrix) {
  Random random(9);
  for (const std::size_t k : {1, 2, 10, 33}) {
    const NoiseModel model = random_model(random, k);
    const Examples<float> rows(random, 100, k);
    const Results wanted(rows, model);
    const Scorer scorer(model, Thresholds{model.thresholds, false}, Collision::kArgmax);
    for (std::size_t i = 0; i < rows.labels.size(); ++i) {
      const Verdict verdict = scorer.check(rows.probs.view().row(i), rows.labels[i]);
      CHECK(verdict.score == wanted.scores[i] && verdict.suggested_label == wanted.suggested[i], k,
            i);
      CHECK(verdict.is_label_issue == (wanted.errors[i] > 0.5), k, i);
      CHECK(scorer.score(rows.probs.view().row(i), rows.labels[i]) == wanted.scores[i], k, i);
    }
  }
  CHECK(throws<std::invalid_argument>(
      [] { Scorer(NoiseModel{}, Thresholds{}, Collision::kArgmax); }));
}

CUPEL_TEST(exponentials_are_accurate) {
  constexpr std::size_t rows = 1000;
  Random random(10);
  // Two slots: the largest at 0, so that the other's share gives its exponential away.
  std::vector<double> logs(rows * 2);
  std::vector<double> tempered(rows * 2);
  for (std::size_t i = 0; i < rows; ++i) logs[tile_index(i, 1, 2)] = -27.6 * random.unit();
  for (const double temperature : {0.0625, 1.0, 16.0}) {
    active_kernels().tiles.temper_tiles(logs.data(), rows, 2, temperature, tempered.data());
    for (std::size_t i = 0; i < rows; ++i) {
      const double ratio = tempered[tile_index(i, 1, 2)] / tempered[tile_index(i, 0, 2)];
      const double wanted = std::exp(temperature * logs[tile_index(i, 1, 2)]);
      CHECK(std::abs(ratio / wanted - 1.0) < 3e-15, temperature, i, ratio, wanted);
    }
  }
}

}  // namespace cupel::test
