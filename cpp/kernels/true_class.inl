// Which true classes rows may have: the steps of docs/noise-posterior.md, for eight rows at a time,
// one to a lane. Included by kernels.inl.

constexpr double kLowestWeight = 1e-12;  // logarithms are taken of no less
constexpr double kNothing = 1e-300;      // a row that sums to less could not be divided by its sum

// exp(x) for x in [-700, 0], within 2 ulp: x = n log 2 + r, and Taylor's series of exp(r), whose
// rest is below 2^-57 for |r| <= log(2) / 2.
inline Batch<double> exp(Batch<double> x) {
  using B = Batch<double>;
  const B to_whole = B::all(6755399441055744.0);  // 1.5 * 2^52: adding it rounds
  const B n = (x * B::all(1.4426950408889634) + to_whole) - to_whole;
  const B r = (x - n * B::all(0.69314718036912382)) - n * B::all(1.9082149292705877e-10);
  constexpr double factors[] = {1.0 / 479001600,
                                1.0 / 39916800,
                                1.0 / 3628800,
                                1.0 / 362880,
                                1.0 / 40320,
                                1.0 / 5040,
                                1.0 / 720,
                                1.0 / 120,
                                1.0 / 24,
                                1.0 / 6,
                                1.0 / 2,
                                1.0,
                                1.0};
  B sum = B::all(1.0 / 6227020800);
  for (const double factor : factors) sum = sum * r + B::all(factor);
  return sum * power_of_two(n);
}

// The slots of one tile: `width` of them are used.
struct Slots {
  Batch<double> slot[kShortlist];
};

inline Slots load_tile(const double* tile, std::size_t width) {
  Slots s;
  for (std::size_t z = 0; z < width; ++z) s.slot[z] = Batch<double>::load(tile + z * kLanes);
  return s;
}
inline void store_tile(const Slots& s, std::size_t width, double* tile) {
  for (std::size_t z = 0; z < width; ++z) s.slot[z].store(tile + z * kLanes);
}

inline Batch<double> sum_of(const Slots& s, std::size_t width) {
  Batch<double> sum = s.slot[0];
  for (std::size_t z = 1; z < width; ++z) sum = sum + s.slot[z];
  return sum;
}

// Makes each row sum to 1; a row that sums to nothing becomes `otherwise(z)`.
template <typename Otherwise>
inline void normalise(Slots& s, std::size_t width, const Otherwise& otherwise) {
  const Batch<double> sum = sum_of(s, width);
  const unsigned some = ge(sum, Batch<double>::all(kNothing));
  const Batch<double> factor = Batch<double>::all(1.0) / sum;
  for (std::size_t z = 0; z < width; ++z) {
    const Batch<double> scaled = s.slot[z] * factor;
    s.slot[z] = some == 0xff ? scaled : select(some, scaled, otherwise(z));
  }
}

// The rates of noise and the inverse thresholds of a tile's rows: the same for all, or each row's
// own where it has a shortlist.
struct CommonClasses {
  const TrueClassModel& model;
  [[nodiscard]] std::size_t width() const { return model.classes; }
  [[nodiscard]] Batch<double> inverse_threshold(std::size_t z) const {
    return Batch<double>::all(model.inverse_thresholds[z]);
  }
  [[nodiscard]] Batch<double> rate(std::size_t given, std::size_t z) const {
    return Batch<double>::all(model.noise[given * model.classes + z]);
  }
};

struct ListedClasses {
  double inverse_thresholds[kShortlist * kLanes];
  double rates[kShortlist * kShortlist * kLanes];

  void gather(const TrueClassModel& model, const std::uint32_t* list, std::size_t lane,
              bool with_rates) {
    for (std::size_t z = 0; z < kShortlist; ++z)
      inverse_thresholds[z * kLanes + lane] = model.inverse_thresholds[list[z]];
    for (std::size_t h = 0; with_rates && h < kShortlist; ++h) {
      const double* given = model.noise + list[h] * model.classes;
      for (std::size_t z = 0; z < kShortlist; ++z)
        rates[(h * kShortlist + z) * kLanes + lane] = given[list[z]];
    }
  }
  [[nodiscard]] static std::size_t width() { return kShortlist; }
  [[nodiscard]] Batch<double> inverse_threshold(std::size_t z) const {
    return Batch<double>::load(inverse_thresholds + z * kLanes);
  }
  [[nodiscard]] Batch<double> rate(std::size_t given, std::size_t z) const {
    return Batch<double>::load(rates + (given * kShortlist + z) * kLanes);
  }
};

template <typename Classes>
inline Slots scaled(const Slots& probs, const Classes& classes) {
  const std::size_t width = classes.width();
  Slots weights;
  for (std::size_t z = 0; z < width; ++z)
    weights.slot[z] = probs.slot[z] * classes.inverse_threshold(z);
  const Batch<double> share = Batch<double>::all(1.0 / static_cast<double>(width));
  normalise(weights, width, [&](std::size_t) { return share; });
  return weights;
}

// One expectation-maximisation step for probs = noise * weights, from `weights`.
template <typename Classes>
inline Slots unmixed(const Slots& probs, const Slots& weights, const Classes& classes) {
  const std::size_t width = classes.width();
  const Batch<double> zero = Batch<double>::all(0.0);
  Slots ratio;
  for (std::size_t h = 0; h < width; ++h) {
    Batch<double> expected = classes.rate(h, 0) * weights.slot[0];
    for (std::size_t z = 1; z < width; ++z)
      expected = expected + classes.rate(h, z) * weights.slot[z];
    ratio.slot[h] = select(gt(expected, zero), probs.slot[h] / expected, zero);
  }
  Slots correction;
  for (std::size_t z = 0; z < width; ++z) {
    Batch<double> sum = classes.rate(0, z) * ratio.slot[0];
    for (std::size_t h = 1; h < width; ++h) sum = sum + classes.rate(h, z) * ratio.slot[h];
    correction.slot[z] = weights.slot[z] * sum;
  }
  normalise(correction, width, [&](std::size_t z) { return weights.slot[z]; });
  return correction;
}

template <typename S>
void true_class_rows(const S* const* rows, std::size_t count, const TrueClassModel& model,
                     bool unmix, const std::uint32_t* lists, double* tiles) {
  const bool listed = model.classes > kShortlist;
  const std::size_t width = listed ? kShortlist : model.classes;
  const Batch<double> zero = Batch<double>::all(0.0);
  const CommonClasses common{model};
  ListedClasses own;
  double values[kShortlist * kLanes];
  for (std::size_t i = 0; i < count; i += kLanes, tiles += width * kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const std::size_t r = i + lane < count ? i + lane : count - 1;
      const std::uint32_t* list = listed ? lists + r * kShortlist : nullptr;
      if (listed) own.gather(model, list, lane, unmix);
      for (std::size_t z = 0; z < width; ++z)
        values[z * kLanes + lane] = static_cast<double>(scalar(rows[r][listed ? list[z] : z]));
    }
    Slots probs = load_tile(values, width);
    for (std::size_t z = 0; z < width; ++z) probs.slot[z] = max(probs.slot[z], zero);
    Slots weights = listed ? scaled(probs, own) : scaled(probs, common);
    if (unmix) weights = listed ? unmixed(probs, weights, own) : unmixed(probs, weights, common);
    store_tile(weights, width, tiles);
  }
}

// Calls body(offset) for every tile.
template <typename Body>
inline void for_each_tile(std::size_t rows, std::size_t width, const Body& body) {
  for (std::size_t i = 0; i < rows; i += kLanes) body(i * width);
}

inline void log_tiles(const double* slots, std::size_t rows, std::size_t width, double* out) {
  const Batch<double> lowest = Batch<double>::all(kLowestWeight);
  for_each_tile(rows, width, [&](std::size_t at) {
    Slots s = load_tile(slots + at, width);
    Batch<double> top = s.slot[0];
    for (std::size_t z = 1; z < width; ++z) top = max(top, s.slot[z]);
    top = log(max(top, lowest));
    for (std::size_t z = 0; z < width; ++z) s.slot[z] = log(max(s.slot[z], lowest)) - top;
    store_tile(s, width, out + at);
  });
}

inline void temper_tiles(const double* logs, std::size_t rows, std::size_t width,
                         double temperature, double* out) {
  const Batch<double> factor = Batch<double>::all(temperature);
  for_each_tile(rows, width, [&](std::size_t at) {
    Slots s = load_tile(logs + at, width);
    for (std::size_t z = 0; z < width; ++z) s.slot[z] = exp(s.slot[z] * factor);
    normalise(s, width, [](std::size_t) { return Batch<double>::all(0.0); });
    store_tile(s, width, out + at);
  });
}

inline void leading_slots(const double* slots, std::size_t rows, std::size_t width, double tie,
                          double* largest, double* number) {
  using B = Batch<double>;
  for (std::size_t i = 0; i < rows; i += kLanes) {
    B first = B::load(slots + i * width);
    B second = B::all(-1.0);
    B leader = B::all(0.0);
    for (std::size_t z = 1; z < width; ++z) {
      const B x = B::load(slots + i * width + z * kLanes);
      const unsigned leads = gt(x, first);
      second = select(leads, first, max(second, x));
      first = select(leads, x, first);
      leader = select(leads, B::all(static_cast<double>(z)), leader);
    }
    first.store(largest + i);
    select(ge(second, first * B::all(tie)), B::all(-1.0), leader).store(number + i);
  }
}

// Mean and variance of `logs` under `weights`, which sum to 1.
struct Moments {
  Batch<double> mean, variance;
};
inline Moments moments(const Slots& weights, const Slots& logs, std::size_t width) {
  Batch<double> mean = Batch<double>::all(0.0);
  Batch<double> square = mean;
  for (std::size_t z = 0; z < width; ++z) {
    const Batch<double> term = weights.slot[z] * logs.slot[z];
    mean = mean + term;
    square = square + term * logs.slot[z];
  }
  return {mean, square - mean * mean};
}

inline Slope temperature_slope(const double* logs, const double* weights, const double* rates,
                               std::size_t rows, std::size_t width) {
  Batch<double> first = Batch<double>::all(0.0);
  Batch<double> second = first;
  for (std::size_t i = 0; i < rows; i += kLanes) {
    const Slots l = load_tile(logs + i * width, width);
    const Slots w = load_tile(weights + i * width, width);
    Slots q = load_tile(rates + i * width, width);
    for (std::size_t z = 0; z < width; ++z) q.slot[z] = q.slot[z] * w.slot[z];
    normalise(q, width, [&](std::size_t z) { return w.slot[z]; });
    const Moments with_label = moments(q, l, width);
    const Moments without = moments(w, l, width);
    const unsigned real = rows - i < kLanes ? (1u << (rows - i)) - 1 : 0xffu;
    const Batch<double> none = Batch<double>::all(0.0);
    first = first + select(real, with_label.mean - without.mean, none);
    second = second + select(real, with_label.variance - without.variance, none);
  }
  return {tree_sum(first), tree_sum(second)};
}

inline void judge_tiles(const double* weights, const double* rates, const double* own_slot,
                        std::size_t rows, std::size_t width, const JudgedTiles& out) {
  using B = Batch<double>;
  const B zero = B::all(0.0);
  const B one = B::all(1.0);
  const B half = B::all(0.5);
  for (std::size_t i = 0; i < rows; i += kLanes) {
    const B given = B::load(own_slot + i);
    B own = zero;
    B others = zero;
    B best = B::all(-1.0);
    B best_slot = given;
    for (std::size_t z = 0; z < width; ++z) {
      const std::size_t at = i * width + z * kLanes;
      const B q = B::load(weights + at) * B::load(rates + at);
      const B slot = B::all(static_cast<double>(z));
      const unsigned is_given = eq(given, slot);
      own = select(is_given, q, own);
      others = others + select(is_given, zero, q);
      const unsigned better = gt(q, best) & ~is_given & 0xff;
      best = select(better, q, best);
      best_slot = select(better, slot, best_slot);
    }
    const B sum = own + others;
    const unsigned some = gt(sum, zero);  // else the label is believed
    const B divisor = select(some, sum, one);
    own = select(some, own / divisor, one);
    const B second = select(gt(zero, best), best, best / divisor);
    (others / divisor).store(out.error + i);
    second.store(out.best + i);
    best_slot.store(out.best_slot + i);
    (((own - second) + one) * half).store(out.score + i);
  }
}
