// SPDX-License-Identifier: Apache-2.0
// An open file that closes itself.
#pragma once

#include <unistd.h>

#include <utility>

namespace overlay::cni {

class FileDescriptor {
 public:
  /// Owns `fd`; negative: nothing.
  explicit FileDescriptor(int fd = -1) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }

  explicit operator bool() const { return fd_ >= 0; }
  int get() const { return fd_; }

 private:
  int fd_;
};

}  // namespace overlay::cni
