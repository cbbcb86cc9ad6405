/// Matrices that the user brings: NumPy's .npy and Hugging Face's .safetensors.
#pragma once

#include <string>
#include <string_view>

#include "model/numerics/tensor.h"

namespace isobath::numerics {

/// Reads "FILE", or "FILE#NAME" of a .safetensors that holds several tensors; told apart by content.
///
/// .npy: versions 1 to 3, little endian f2 f4 f8 i1 u1 i2 i4, C order. .safetensors: F64 F32 F16 BF16 F8_E4M3
/// F8_E5M2 I8 U8. One dimension makes one row; more than two are refused.
/// Throws SpecError "FILE: what is wrong; what is allowed": a missing, huge or cut file, another magic, an
/// unknown type, a shape that its data do not fill, or a value that is not finite.
Tensor read_tensor(const std::string& file);

/// The same from bytes in memory; `shown` names them in messages.
Tensor parse_npy(std::string_view bytes, const std::string& shown);
Tensor parse_safetensors(std::string_view bytes, const std::string& shown, const std::string& name = "");

/// Throws SpecError unless each row of `tensor` is a probability distribution: not negative, sum 1 within
/// 1e-3.
void check_probabilities(const Tensor& tensor, const std::string& shown);

}  // namespace isobath::numerics
