// Labels by several annotators: strides, ties, posteriors by hand, any number of threads.
#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "check.hpp"
#include "cupel/multiannotator.hpp"
#include "data.hpp"

namespace cupel::test {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

struct Wide {
  std::vector<double> cells;
  std::size_t rows, cols;

  [[nodiscard]] WideLabels view() const {
    return {cells.data(), rows, cols, static_cast<std::ptrdiff_t>(cols), 1};
  }
};

// Column 0 is full, so that each example has a label.
Wide random_labels_by(Random& random, std::size_t rows, std::size_t cols, std::size_t classes) {
  Wide wide{std::vector<double>(rows * cols, kNone), rows, cols};
  for (std::size_t cell = 0; cell < rows * cols; ++cell)
    if (cell % cols == 0 || random.chance(0.4))
      wide.cells[cell] = static_cast<double>(random.below(classes));
  return wide;
}

Matrix<double> random_probs(Random& random, std::size_t rows, std::size_t classes) {
  Matrix<double> probs(rows, classes);
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t k = 0; k < classes; ++k)
      probs(i, k) = random.chance(0.3) ? 0.5 : random.unit();
  return probs;
}

}  // namespace

CUPEL_TEST(annotations_are_kept_by_row_and_by_annotator) {
  // Stored by column: three examples, two annotators.
  const std::vector<double> cells = {1.0, kNone, 0.0, kNone, 3.0, 2.0};
  const Annotations a({cells.data(), 3, 2, 1, 3}, Execution{});
  CHECK(a.size() == std::size_t{4});
  CHECK(a.of_row(2).size() == std::size_t{2});
  CHECK(a.of_row(2)[1].label == 2u);
  CHECK(a.of_annotator(1).size() == std::size_t{2});
  CHECK(a.of_annotator(1)[0].of == 1u);
  CHECK(a.of_annotator(1)[0].label == 3u);
  CHECK(a.class_totals().size() == std::size_t{4});
}

CUPEL_TEST(annotations_refuse_what_is_no_class) {
  for (const double bad : {-1.0, 0.5, std::numeric_limits<double>::infinity(), 0x1p24}) {
    const std::vector<double> cells = {0.0, bad};
    const auto read = [&] { return Annotations({cells.data(), 1, 2, 2, 1}, Execution{}); };
    CHECK(throws<std::invalid_argument>(read), bad);
  }
}

CUPEL_TEST(votes_and_their_ties) {
  // Clear; by probability; by rarity of class 2; undecided.
  const std::vector<double> cells = {0, 0, 1, 0, 1, kNone, 2, 0, kNone, 1, 3, kNone, 3, 3, 1};
  const Annotations a({cells.data(), 5, 3, 3, 1}, Execution{});
  Matrix<double> probs(5, 4);
  for (std::size_t k = 0; k < 4; ++k) probs(1, k) = k == 1 ? 0.7 : 0.1;
  std::vector<std::int64_t> out(5);
  const Probabilities view = probs.view();
  const OpenVotes open = majority_vote(a, &view, 4, Execution{}, out);
  CHECK(out[0] == 0);
  CHECK(out[1] == 1);
  CHECK(out[2] == 2);
  CHECK(out[4] == 3);
  CHECK(open.rows.size() + 1 == open.begin.size());
}

CUPEL_TEST(posterior_by_hand) {
  const std::vector<double> cells = {1.0, kNone};
  const Annotations a({cells.data(), 1, 2, 2, 1}, Execution{});
  Matrix<double> probs(1, 2);
  probs(0, 0) = 0.75;
  probs(0, 1) = 0.25;
  const std::vector<Probabilities> models = {probs.view()};
  const std::vector<double> annotators = {2.0, 5.0};
  const std::vector<double> of_models = {2.0};
  std::vector<double> out(2);
  crowd_posterior(a, models, {annotators, of_models, 0.75, 0.25}, 2, Execution{}, out);
  CHECK(out[0] == 0.5);
  CHECK(out[1] == 0.5);
}

CUPEL_TEST(multiannotator_results_do_not_depend_on_threads) {
  Random random(7);
  const std::size_t rows = 80000, annotators = 9, classes = 6;
  const Wide wide = random_labels_by(random, rows, annotators, classes);
  const Matrix<double> probs = random_probs(random, rows, classes);
  const std::vector<Probabilities> models = {probs.view()};
  std::vector<std::int64_t> votes[2];
  std::vector<double> sums[2];
  for (std::size_t run = 0; run < 2; ++run) {
    Execution execution;
    execution.threads = 1 + 3 * run;
    const Annotations a(wide.view(), execution);
    votes[run].resize(rows);
    majority_vote(a, models.data(), classes, execution, votes[run]);
    for (std::int64_t& vote : votes[run]) vote = std::max<std::int64_t>(vote, 0);
    std::vector<double> agreement(rows);
    const ConsensusFit fit = fit_consensus(a, models, votes[run], classes, execution, agreement);
    const PeerAgreement peers = peer_agreement(a, classes, execution);
    std::vector<double> scores(a.size()), quality(rows, 0.5), cells(rows * annotators);
    label_scores(a, models[0], execution, scores);
    spread_scores(a, scores, execution, cells);
    std::vector<double> means(annotators), shares(annotators), shared(annotators);
    std::vector<std::int64_t> worst(annotators);
    summarize_annotators(a, votes[run], quality, scores, classes, execution,
                         {means, shares, shared, worst});
    std::vector<double> tempered(rows * classes);
    const double temperature = best_temperature(a, models[0], ShareLayout::kPacked, execution);
    temper(models[0], temperature, execution, tempered);
    sums[run] = {fit.agreement, static_cast<double>(fit.model_mismatches[0]),
                 temperature,   static_cast<double>(peers.same[3]),
                 means[2],      shared[5]};
    sums[run].insert(sums[run].end(), tempered.begin(), tempered.end());
    CHECK(std::isnan(cells[1 * rows + 0]) == std::isnan(wide.cells[1]));
  }
  CHECK(votes[0] == votes[1]);
  CHECK(sums[0] == sums[1]);
}

}  // namespace cupel::test
