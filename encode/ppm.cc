// SPDX-License-Identifier: MIT
#include "encode/ppm.h"

#include <optional>
#include <string>
#include <string_view>

namespace qmpshot::encode {
namespace {

Error bad_ppm(std::string_view why) {
  return Error(Errc::bad_image, "reading a PPM: " + std::string(why));
}

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Walks over a header's tokens.
class HeaderReader {
 public:
  explicit HeaderReader(std::string_view text) : rest_(text), length_(text.size()) {}

  bool magic() {
    if (!rest_.starts_with("P6")) return false;
    rest_.remove_prefix(2);
    return true;
  }

  // White space or comments, at least one, then a decimal number of at most five digits.
  std::optional<std::uint32_t> number() {
    if (!skip_gap() || rest_.empty() || !is_digit(rest_.front())) return std::nullopt;
    std::uint32_t value = 0;
    for (int digits = 0; !rest_.empty() && is_digit(rest_.front()); ++digits) {
      if (digits == 5) return std::nullopt;
      value = value * 10 + static_cast<std::uint32_t>(rest_.front() - '0');
      rest_.remove_prefix(1);
    }
    return value;
  }

  // The single white space that ends the header.
  bool end() {
    if (rest_.empty() || !is_space(rest_.front())) return false;
    rest_.remove_prefix(1);
    return true;
  }

  [[nodiscard]] std::size_t consumed() const { return length_ - rest_.size(); }

 private:
  bool skip_gap() {
    bool any = false;
    while (!rest_.empty() && (is_space(rest_.front()) || rest_.front() == '#')) {
      if (rest_.front() == '#') {
        const std::size_t newline = rest_.find_first_of("\r\n");
        if (newline == std::string_view::npos) return false;
        rest_.remove_prefix(newline);
      }
      rest_.remove_prefix(1);
      any = true;
    }
    return any;
  }

  std::string_view rest_;
  std::size_t length_;
};

}  // namespace

Result<PpmHeader> parse_ppm_header(std::span<const std::byte> in) {
  HeaderReader reader({reinterpret_cast<const char*>(in.data()), in.size()});
  if (!reader.magic()) return bad_ppm("it does not start with P6");
  const auto width = reader.number();
  const auto height = reader.number();
  const auto maxval = reader.number();
  if (!width || !height || !maxval || !reader.end()) return bad_ppm("its header is cut or garbled");
  if (*maxval != 255) return bad_ppm("its maxval is " + std::to_string(*maxval) + ", not 255");
  if (*width == 0 || *height == 0 || *width > max_side_px || *height > max_side_px) {
    return bad_ppm("its size is " + std::to_string(*width) + "x" + std::to_string(*height));
  }
  return PpmHeader{*width, *height, reader.consumed()};
}

Result<ImageView> parse_ppm(std::span<const std::byte> in) {
  Result<PpmHeader> header = parse_ppm_header(in);
  if (!header) return header.error();
  const std::optional<std::size_t> stride_bytes = header->stride_bytes(in.size());
  if (!stride_bytes) {
    return bad_ppm("its header promises " + std::to_string(header->file_bytes()) +
                   " bytes, there are " + std::to_string(in.size()));
  }
  return ImageView{in.subspan(header->header_bytes), header->width_px, header->height_px,
                   *stride_bytes, PixelFormat::rgb24};
}

Result<void> encode_ppm(const ImageView& image, std::vector<std::byte>& out) {
  if (image.pixels.empty()) return Error(Errc::bad_argument, "writing a PPM: the image is empty");
  const std::string header =
      "P6\n" + std::to_string(image.width_px) + " " + std::to_string(image.height_px) + "\n255\n";
  const auto* header_bytes = reinterpret_cast<const std::byte*>(header.data());
  out.reserve(out.size() + header.size() + std::size_t{3} * image.width_px * image.height_px);
  out.insert(out.end(), header_bytes, header_bytes + header.size());
  for (std::uint32_t y = 0; y < image.height_px; ++y) {
    const std::span<const std::byte> row = image.row(y);
    if (image.format == PixelFormat::rgb24) {
      out.insert(out.end(), row.begin(), row.end());
      continue;
    }
    for (std::size_t x = 0; x < row.size(); x += 4) {
      out.insert(out.end(), {row[x + 2], row[x + 1], row[x]});
    }
  }
  return {};
}

}  // namespace qmpshot::encode
