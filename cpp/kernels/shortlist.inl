// The few classes of a row that its true class is looked for among, where there are many. Included
// by kernels.inl.

// Classes that may be among the kShortlist of largest value, in ascending order.
struct Candidates {
  static constexpr std::size_t kRoom = 128;
  double value[kRoom + kLanes];  // one batch may run over; what is past the end is below all
  std::uint32_t cls[kRoom + kLanes];
  std::size_t count = 0;
  double beaten = -1.0;  // classes to come must have more than this

  void add(Batch<double> values, std::size_t first, std::size_t n) {
    const unsigned wanted = gt(values, Batch<double>::all(beaten)) & ((1u << n) - 1);
    if (wanted == 0) return;
    if (wanted == 0xff) {
      values.store(value + count);
      for (std::size_t l = 0; l < kLanes; ++l)
        cls[count + l] = static_cast<std::uint32_t>(first + l);
      count += kLanes;
    } else {
      double lane[kLanes];
      values.store(lane);
      for (unsigned mask = wanted; mask != 0; mask &= mask - 1) {
        const std::size_t l = lowest_lane(mask);
        value[count] = lane[l];
        cls[count++] = static_cast<std::uint32_t>(first + l);
      }
    }
    if (count >= kRoom) keep_best();
  }

  // Calls body(i, batch) for the candidates' values, lanes past the end being -1.
  template <typename Body>
  void for_each_eight(const Body& body) const {
    std::size_t i = 0;
    for (; i + kLanes <= count; i += kLanes) body(i, Batch<double>::load(value + i));
    if (i < count) body(i, Batch<double>::load_first(value + i, count - i, -1.0));
  }

  [[nodiscard]] std::size_t at_least(double x) const {
    const Batch<double> bound = Batch<double>::all(x);
    std::size_t n = 0;
    for_each_eight([&](std::size_t, Batch<double> v) { n += count_lanes(ge(v, bound)); });
    return n;
  }

  // A value that kShortlist candidates reach, or more only if it is the largest such value: by
  // bisection on its bits, which order numbers of at least 0.
  [[nodiscard]] double bound() const {
    // The lanes of even and of odd batches have their largest each: kShortlist candidates.
    Batch<double> tops[2] = {Batch<double>::all(0.0), Batch<double>::all(0.0)};
    for_each_eight([&](std::size_t i, Batch<double> v) {
      Batch<double>& top = tops[i / kLanes % 2];
      top = max(top, v);
    });
    double lane[kShortlist];
    tops[0].store(lane);
    tops[1].store(lane + kLanes);
    double least = lane[0];
    double most = lane[0];
    for (const double x : lane) {
      least = x < least ? x : least;
      most = x > most ? x : most;
    }
    std::uint64_t low;
    std::uint64_t high;
    std::memcpy(&low, &least, sizeof low);
    std::memcpy(&high, &most, sizeof high);
    double reached = least;
    for (++high; high - low > 1;) {
      const std::uint64_t middle = low + (high - low) / 2;
      double x;
      std::memcpy(&x, &middle, sizeof x);
      const std::size_t n = at_least(x);
      if (n < kShortlist) {
        high = middle;
        continue;
      }
      low = middle;
      reached = x;
      if (n == kShortlist) break;
    }
    return reached;
  }

  void keep_best() {
    if (count <= kShortlist) return;
    const double least = bound();
    // Of those that tie at the bound the lower classes win.
    const std::size_t excess = at_least(least) - kShortlist;
    std::size_t ties = 0;
    if (excess > 0)
      for (std::size_t i = 0; i < count; ++i) ties += value[i] == least ? 1 : 0;
    ties -= ties < excess ? ties : excess;
    std::size_t kept = 0;
    for_each_eight([&](std::size_t i, Batch<double> v) {
      for (unsigned mask = ge(v, Batch<double>::all(least)); mask != 0; mask &= mask - 1) {
        const std::size_t at = i + lowest_lane(mask);
        const double x = value[at];
        if (excess > 0 && x == least) {
          if (ties == 0) continue;
          --ties;
        }
        value[kept] = x;
        cls[kept++] = cls[at];
      }
    });
    count = kept;
    beaten = least;
  }
};

// The classes in ascending order, with `given` in place of the last by value if it is not there.
inline void write_shortlist(const Candidates& best, std::uint32_t given, std::uint32_t* out) {
  bool has_given = false;
  for (std::size_t z = 0; z < kShortlist; ++z) {  // fewer only if another thread changed the row
    out[z] = z < best.count ? best.cls[z] : static_cast<std::uint32_t>(z);
    has_given |= out[z] == given;
  }
  if (has_given) return;
  std::size_t last = 0;
  for (std::size_t z = 1; z < kShortlist && z < best.count; ++z)
    if (!(best.value[z] > best.value[last])) last = z;
  for (; last > 0 && out[last - 1] > given; --last) out[last] = out[last - 1];
  for (; last + 1 < kShortlist && out[last + 1] < given; ++last) out[last] = out[last + 1];
  out[last] = given;
}

template <typename S>
void shortlist(const S* row, std::size_t cols, const double* inverse_thresholds, std::int64_t given,
               std::uint32_t* list) {
  const Batch<double> zero = Batch<double>::all(0.0);
  Candidates best;
  for_each_batch(row, cols, Compute<S>(0), [&](std::size_t j, Batch<Compute<S>> v) {
    const Batch<double> inverse = Batch<double>::load(inverse_thresholds + j);
    best.add(max(As<double>::of(v), zero) * inverse, j, cols - j < kLanes ? cols - j : kLanes);
  });
  best.keep_best();
  write_shortlist(best, static_cast<std::uint32_t>(given), list);
}
