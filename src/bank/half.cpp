#include <bit>
#include <cstdint>

#include "mien/bank/bank.h"

namespace mien {

// _Float16 converts with IEEE rounding (in hardware where the processor has F16C).
std::uint16_t half_from_float(float value) {
  return std::bit_cast<std::uint16_t>(static_cast<_Float16>(value));
}

float float_from_half(std::uint16_t bits) {
  return static_cast<float>(std::bit_cast<_Float16>(bits));
}

bool half_is_finite(std::uint16_t bits) {
  return (bits & 0x7c00u) != 0x7c00u;
}

}  // namespace mien
