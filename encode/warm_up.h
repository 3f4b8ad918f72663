// SPDX-License-Identifier: MIT
// For the time one waits for a frame anyway.
#pragma once

#include "encode/encoder.h"

namespace qmpshot::encode {

// Encodes small pictures like consoles, so that the next one finds the encoder's code and memory in
// place: in a new process most of a console's encoding is page faults and cold caches. Does what it
// can; where memory is short, or the encoder refuses, the next picture will say so.
void warm_up(const Encoder& encoder, const EncodeOptions& options) noexcept;

}  // namespace qmpshot::encode
