#include "cupel/segmentation.hpp"

#include "bindings/arrays.hpp"

namespace cupel::bindings {
namespace {

template <typename T>
ImagesView<T> images_as(const py::array& probs) {
  const auto stride = [&](int axis) {
    return probs.strides(axis) / static_cast<py::ssize_t>(sizeof(T));
  };
  const auto length = [&](int axis) { return static_cast<std::size_t>(probs.shape(axis)); };
  return {static_cast<const T*>(probs.data()),
          length(0),
          length(1),
          length(2),
          length(3),
          stride(0),
          stride(1),
          stride(2),
          stride(3)};
}

void require_images(const py::array& probs) {
  const auto item = probs.itemsize();
  bool readable =
      probs.ndim() == 4 && is_native(probs.dtype()) &&
      reinterpret_cast<std::uintptr_t>(probs.data()) % static_cast<std::uintptr_t>(item) == 0;
  for (int axis = 0; readable && axis < 4; ++axis) readable = probs.strides(axis) % item == 0;
  if (!readable) throw py::type_error("the core reads images of native, aligned numbers only");
  if (probs.shape(1) == 0 || probs.shape(2) == 0 || probs.shape(3) == 0)
    throw std::invalid_argument("images without classes or pixels");
}

// Calls f with the ImagesView<T> of the array's type.
template <typename F>
auto visit_images(const py::array& probs, const F& f) {
  require_images(probs);
  switch (probs.dtype().num()) {
    case kNumpyHalf:
      return f(images_as<Half>(probs));
    case kNumpyFloat:
      return f(images_as<float>(probs));
    case kNumpyDouble:
      return f(images_as<double>(probs));
    default:
      throw py::type_error("the core reads images of float16, float32 or float64 only");
  }
}

// One label per pixel, in one vector.
LabelsView labels_of(const py::array& labels, const py::array& probs) {
  const LabelsView view = view_labels(labels);
  if (probs.ndim() != 4 ||
      static_cast<py::ssize_t>(view.size) != probs.shape(0) * probs.shape(2) * probs.shape(3))
    throw std::invalid_argument("labels and pred_probs differ in their pixels");
  return view;
}

std::vector<py::ssize_t> shape_of_pixels(const py::array& probs) {
  return {probs.shape(0), probs.shape(2), probs.shape(3)};
}

py::array_t<bool> find_issues(const py::array& labels, const py::array& probs,
                              std::size_t images_per_batch, std::size_t downsample,
                              std::size_t threads) {
  const Execution run = execution(threads);
  const LabelsView y = labels_of(labels, probs);
  const PixelIssueOptions options{images_per_batch, downsample};
  return visit_images(probs, [&](const auto& images) {
    if (images_per_batch == 0 || downsample == 0 || images.rows % downsample != 0 ||
        images.cols % downsample != 0)
      throw std::invalid_argument("no images per batch, or squares that do not fit");
    py::array_t<bool> mask(shape_of_pixels(probs));
    const auto out = bytes_of(mask);
    {
      const py::gil_scoped_release release;
      find_pixel_issues(images, y, options, run, out);
    }
    return mask;
  });
}

template <typename Out, typename T>
py::array scores_as(const ImagesView<T>& images, const LabelsView& labels, const py::array& probs,
                    const Execution& run) {
  py::array scores(std::is_same_v<Out, double> ? py::dtype::of<double>() : probs.dtype(),
                   shape_of_pixels(probs));
  const std::span<Out> out{static_cast<Out*>(scores.mutable_data()),
                           static_cast<std::size_t>(scores.size())};
  {
    const py::gil_scoped_release release;
    pixel_scores<T, Out>(images, labels, run, out);
  }
  return scores;
}

py::array scores(const py::array& labels, const py::array& probs, bool as_double,
                 std::size_t threads) {
  const Execution run = execution(threads);
  const LabelsView y = labels_of(labels, probs);
  return visit_images(probs, [&]<typename T>(const ImagesView<T>& images) {
    return as_double ? scores_as<double>(images, y, probs, run)
                     : scores_as<T>(images, y, probs, run);
  });
}

py::array_t<double> softmin(const Vector<double>& values, double temperature, std::size_t threads) {
  const Execution run = execution(threads);
  if (values.ndim() < 1 || !(temperature > 0.0))
    throw std::invalid_argument("no images, or no temperature above 0");
  const std::span<const double> in = view(values);
  py::array_t<double> out(values.shape(0));
  const std::span<double> o = mutable_view(out);
  {
    const py::gil_scoped_release release;
    softmin_of_images(in, temperature, run, o);
  }
  return out;
}

// The mask's bytes. It has the shape of the images' pixels.
std::span<const std::uint8_t> mask_of(const Vector<bool>& mask, const LabelsView& labels) {
  if (static_cast<std::size_t>(mask.size()) != labels.size)
    throw std::invalid_argument("issues and labels differ in their pixels");
  return {reinterpret_cast<const std::uint8_t*>(mask.data()), labels.size};
}

py::array_t<std::int64_t> count_issues(const py::array& labels, const py::array& probs,
                                       const Vector<bool>& mask, std::size_t threads) {
  const Execution run = execution(threads);
  const LabelsView y = labels_of(labels, probs);
  const auto flags = mask_of(mask, y);
  return visit_images(probs, [&](const auto& images) {
    py::array_t<std::int64_t> counts({probs.shape(1), probs.shape(1)});
    const auto out = mutable_view(counts);
    {
      const py::gil_scoped_release release;
      count_pixel_issues(images, y, flags, run, out);
    }
    return counts;
  });
}

py::array_t<bool> issues_of_class(const py::array& labels, const py::array& probs,
                                  const Vector<bool>& mask, std::size_t wanted,
                                  std::size_t threads) {
  const Execution run = execution(threads);
  const LabelsView y = labels_of(labels, probs);
  const auto flags = mask_of(mask, y);
  return visit_images(probs, [&](const auto& images) {
    py::array_t<bool> found(shape_of_pixels(probs));
    const auto out = bytes_of(found);
    {
      const py::gil_scoped_release release;
      pixel_issues_of_class(images, y, flags, wanted, run, out);
    }
    return found;
  });
}

}  // namespace

void bind_segmentation(py::module_& m) {
  m.def("pixel_issues", &find_issues, py::arg("labels"), py::arg("pred_probs"),
        py::arg("images_per_batch"), py::arg("downsample"), py::arg("threads"));
  m.def("pixel_scores", &scores, py::arg("labels"), py::arg("pred_probs"), py::arg("as_double"),
        py::arg("threads"));
  m.def("softmin_of_images", &softmin, py::arg("scores").noconvert(), py::arg("temperature"),
        py::arg("threads"));
  m.def("count_pixel_issues", &count_issues, py::arg("labels"), py::arg("pred_probs"),
        py::arg("issues").noconvert(), py::arg("threads"));
  m.def("pixel_issues_of_class", &issues_of_class, py::arg("labels"), py::arg("pred_probs"),
        py::arg("issues").noconvert(), py::arg("class_index"), py::arg("threads"));
}

}  // namespace cupel::bindings
