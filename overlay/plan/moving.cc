// SPDX-License-Identifier: Apache-2.0
#include "overlay/plan/moving.h"

#include <algorithm>
#include <utility>

namespace overlay::plan {

const Underlay& Moving::look(const Underlay& found, const Has& has, Time now) {
  if (!stand_ || (stand_->address != found.address && !has(stand_->address))) {
    use(found, std::nullopt, now);
  } else if (stand_->address == found.address) {
    std::vector<Ip> also = std::move(stand_->also);
    stand_ = found;
    stand_->also = std::move(also);
    // What was announced and not taken, or came from and has lingered.
    if (now >= due_ || std::ranges::any_of(stand_->also, std::not_fn(has))) {
      stand_->also.clear();
      due_ = Time::max();
    }
  } else if (stand_->also != std::vector{found.address}) {
    stand_->also = {found.address};
    if (stand_->mtu == 0) stand_->mtu = found.mtu;  // an earlier life's is not known
    due_ = now + announce;
  } else if (now >= due_) {
    use(found, stand_->address, now);
  }
  return *stand_;
}

void Moving::use(const Underlay& found, std::optional<Ip> old, Time now) {
  stand_ = found;
  stand_->also.clear();
  due_ = Time::max();
  if (!old) return;
  stand_->also = {*old};
  due_ = now + linger;
}

}  // namespace overlay::plan
