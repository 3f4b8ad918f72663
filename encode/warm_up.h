// SPDX-License-Identifier: MIT
// For the time one waits for a frame anyway.
#pragma once

#include "encode/encoder.h"

namespace qmpshot::encode {

// Encodes two small pictures of nothing, of two colours and of sixteen as consoles are, so that the
// next one finds the encoder's code and memory in place: in a fresh process half of a console's
// encoding is page faults and cold caches.
//   errors  as encode()
Result<void> warm_up(const Encoder& encoder);

}  // namespace qmpshot::encode
