// SPDX-License-Identifier: MIT
#include "qmp/framing.h"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace qmpshot::qmp {

std::span<char> LineBuffer::prepare(std::size_t size) {
  if (begin_ == filled_) {
    begin_ = scanned_ = filled_ = 0;
  } else if (begin_ >= buffer_.size() / 2) {
    // At least half the buffer is read: what a move costs was paid for by the bytes in front of it.
    std::memmove(buffer_.data(), buffer_.data() + begin_, filled_ - begin_);
    filled_ -= begin_;
    scanned_ -= begin_;
    begin_ = 0;
  }
  if (buffer_.size() - filled_ < size) {
    buffer_.resize(std::max(2 * buffer_.size(), filled_ + size));
  }
  return std::span(buffer_).subspan(filled_);
}

void LineBuffer::commit(std::size_t size) {
  assert(size <= buffer_.size() - filled_);
  filled_ += size;
}

Result<std::optional<std::string_view>> LineBuffer::next_line() {
  const char* data = buffer_.data();
  const void* found =
      filled_ == scanned_ ? nullptr : std::memchr(data + scanned_, '\n', filled_ - scanned_);
  const std::size_t end =
      found == nullptr ? filled_ : static_cast<std::size_t>(static_cast<const char*>(found) - data);
  if (end - begin_ > limit_bytes_) {
    return Error(Errc::bad_peer, "reading a line: the peer sent more than " +
                                     std::to_string(limit_bytes_) + " bytes without a newline");
  }
  scanned_ = end;
  if (found == nullptr) return std::optional<std::string_view>();
  std::string_view line(data + begin_, end - begin_);
  begin_ = scanned_ = end + 1;
  if (line.ends_with('\r')) line.remove_suffix(1);
  return std::optional(line);
}

}  // namespace qmpshot::qmp
