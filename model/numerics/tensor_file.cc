#include "model/numerics/tensor_file.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <vector>

#include <fmt/format.h>

#include "hw/spec_reader.h"
#include "hw/text.h"
#include "model/numerics/float_format.h"

namespace isobath::numerics {
namespace {

constexpr std::size_t kMostBytes = std::size_t(1) << 30, kMostHeader = std::size_t(16) << 20;
constexpr std::string_view kMagic = "\x93NUMPY";

static_assert(std::endian::native == std::endian::little);

[[noreturn]] void fail(const std::string& shown, const std::string& what) {
    throw SpecError(shown + ": " + what);
}

template <class T>
T number_at(const char* from) {
    T value;
    std::memcpy(&value, from, sizeof value);
    return value;
}

template <class T>
float plain(const char* from) {
    return static_cast<float>(number_at<T>(from));
}

template <const FloatFormat& format>
float small_float(const char* from) {
    if constexpr (format.bits() == 8) return decode(format, number_at<std::uint8_t>(from));
    return decode(format, number_at<std::uint16_t>(from));
}

struct ElementType {
    std::string_view name;
    std::size_t bytes;
    float (*read)(const char*);
};

constexpr ElementType kNpyTypes[]         = {{"<f4", 4, plain<float>},        {"<f2", 2, small_float<kFp16>},
                                             {"<f8", 8, plain<double>},       {"|i1", 1, plain<std::int8_t>},
                                             {"|u1", 1, plain<std::uint8_t>}, {"<i2", 2, plain<std::int16_t>},
                                             {"<i4", 4, plain<std::int32_t>}};
constexpr ElementType kSafetensorsTypes[] = {
    {"F32", 4, plain<float>},           {"F16", 2, small_float<kFp16>},     {"BF16", 2, small_float<kBf16>},
    {"F8_E4M3", 1, small_float<kE4M3>}, {"F8_E5M2", 1, small_float<kE5M2>}, {"F64", 8, plain<double>},
    {"I8", 1, plain<std::int8_t>},      {"U8", 1, plain<std::uint8_t>}};

const ElementType& type_of(std::string_view name, std::span<const ElementType> known,
                           const std::string& shown) {
    std::vector<std::string_view> names;
    for (const ElementType& type : known) {
        if (type.name == name) return type;
        names.push_back(type.name);
    }
    fail(shown, fmt::format("elements of type \"{}\"; allowed: {}", clipped(name), joined(names)));
}

/// Rows and columns, and no more elements than bytes could ever hold.
Tensor empty_of(const nlohmann::json& shape, const std::string& shown) {
    if (!shape.is_array() || shape.empty() || shape.size() > 2)
        fail(shown, fmt::format("shape {}; allowed: one or two dimensions", clipped(shape.dump())));
    std::size_t size[2] = {1, 1};
    for (std::size_t i = 0; i < shape.size(); ++i) {
        const nlohmann::json& length = shape[i];
        if (!length.is_number_unsigned() || length.get<std::uint64_t>() == 0 ||
            length.get<std::uint64_t>() > kMostBytes)
            fail(shown,
                 fmt::format("shape {}; allowed: lengths from 1 to {}", clipped(shape.dump()), kMostBytes));
        size[2 - shape.size() + i] = length.get<std::size_t>();
    }
    if (size[0] > kMostBytes / size[1]) fail(shown, "shape " + clipped(shape.dump()) + " is too large");
    Tensor out;
    out.rows    = size[0];
    out.columns = size[1];
    return out;
}

/// Fills `shape` from `data`, which must be exactly as long.
Tensor filled(Tensor shape, const ElementType& type, std::string_view data, const std::string& shown) {
    const std::size_t count = shape.rows * shape.columns;
    if (count * type.bytes != data.size())
        fail(shown, fmt::format("{} bytes of data, but {} x {} of {} need {}", data.size(), shape.rows,
                                shape.columns, type.name, count * type.bytes));
    shape.values.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
        shape.values[i] = type.read(data.data() + i * type.bytes);
        if (!std::isfinite(shape.values[i]))
            fail(shown, fmt::format("row {}, column {} is not a finite number", i / shape.columns,
                                    i % shape.columns));
    }
    return shape;
}

/// Python's literal {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), } as JSON.
std::string json_of(std::string_view literal) {
    std::string out;
    for (std::size_t i = 0; i < literal.size(); ++i) {
        const char c = literal[i];
        if (literal.substr(i, 4) == "True" || literal.substr(i, 5) == "False") {
            out += c == 'T' ? "true" : "false";
            i += c == 'T' ? 3 : 4;
        } else if (c == ')' || c == '}') {
            while (!out.empty() && (out.back() == ' ' || out.back() == ',')) out.pop_back();
            out += c == ')' ? ']' : '}';
        } else {
            out += c == '\'' ? '"' : c == '(' ? '[' : c;
        }
    }
    return out;
}

std::string bytes_of(const std::string& file) {
    const std::string shown = clipped(file, 400);
    std::error_code error;
    if (std::filesystem::is_directory(file, error)) fail(shown, "is a folder; expected .npy or .safetensors");
    std::ifstream stream(file, std::ios::binary);
    if (!stream) fail(shown, "cannot open; expected .npy or .safetensors");
    std::string bytes, piece(1 << 20, '\0');
    while (stream.read(piece.data(), static_cast<std::streamsize>(piece.size())), stream.gcount() > 0) {
        bytes.append(piece, 0, static_cast<std::size_t>(stream.gcount()));
        if (bytes.size() > kMostBytes) fail(shown, "larger than 1 GiB");
    }
    return bytes;
}

/// The one tensor of that name, or the only one.
std::string chosen(const nlohmann::json& header, const std::string& name, const std::string& shown) {
    std::vector<std::string_view> names;
    for (const auto& [key, value] : header.items())
        if (key != "__metadata__") names.push_back(key);
    if (name.empty() && names.size() == 1) return std::string(names.front());
    if (!name.empty() && name != "__metadata__" && header.contains(name)) return name;
    fail(shown, fmt::format("{}; name one as FILE#NAME: {}",
                            name.empty() ? fmt::format("{} tensors", names.size())
                                         : fmt::format("no tensor \"{}\"", clipped(name)),
                            clipped(joined(names), 400)));
}

}  // namespace

Tensor parse_npy(std::string_view bytes, const std::string& shown) {
    if (!bytes.starts_with(kMagic)) fail(shown, "does not begin as .npy does");
    if (bytes.size() < 12) fail(shown, "cut off in its header");
    const int version        = static_cast<unsigned char>(bytes[6]);
    const std::size_t prefix = version == 1 ? 10 : 12;
    const std::size_t length = version == 1 ? number_at<std::uint16_t>(bytes.data() + 8)
                                            : number_at<std::uint32_t>(bytes.data() + 8);
    if (version < 1 || version > 3) fail(shown, fmt::format(".npy version {}; allowed: 1 to 3", version));
    if (length > kMostHeader || length > bytes.size() - prefix) fail(shown, "cut off in its header");
    const nlohmann::json header = parse_json(json_of(bytes.substr(prefix, length)), shown);
    SpecReader in(header, shown);
    const std::string descr    = in.text("descr");
    const bool fortran         = in.flag_or("fortran_order", false);
    const nlohmann::json shape = in.raw("shape");
    in.finish();
    if (fortran) fail(shown, "is in Fortran order; save it in C order");
    return filled(empty_of(shape, shown), type_of(descr, kNpyTypes, shown), bytes.substr(prefix + length),
                  shown);
}

Tensor parse_safetensors(std::string_view bytes, const std::string& shown, const std::string& name) {
    if (bytes.size() < 8) fail(shown, "too short for .npy or .safetensors");
    const auto length = number_at<std::uint64_t>(bytes.data());
    if (length > kMostHeader || length > bytes.size() - 8)
        fail(shown, fmt::format("neither .npy nor .safetensors: a header of {} bytes in a file of {}", length,
                                bytes.size()));
    const nlohmann::json header = parse_json(bytes.substr(8, length), shown);
    if (!header.is_object()) fail(shown, "its header is not a JSON object");
    const std::string key = chosen(header, name, shown);
    SpecReader in(header.at(key), shown, "/" + key);
    const std::string dtype      = in.text("dtype");
    const nlohmann::json shape   = in.raw("shape");
    const nlohmann::json offsets = in.raw("data_offsets");
    in.finish();
    const std::string_view data = bytes.substr(8 + length);
    const bool sound = offsets.is_array() && offsets.size() == 2 && offsets[0].is_number_unsigned() &&
                       offsets[1].is_number_unsigned();
    const std::uint64_t from = sound ? offsets[0].get<std::uint64_t>() : 1;
    const std::uint64_t to   = sound ? offsets[1].get<std::uint64_t>() : 0;
    if (from > to || to > data.size())
        fail(shown, fmt::format("/{}: data_offsets {} outside of {} bytes of data", clipped(key),
                                clipped(offsets.dump()), data.size()));
    return filled(empty_of(shape, shown), type_of(dtype, kSafetensorsTypes, shown),
                  data.substr(from, to - from), shown);
}

Tensor read_tensor(const std::string& file) {
    const auto hash         = file.rfind('#');
    const std::string path  = file.substr(0, hash);
    const std::string name  = hash == file.npos ? "" : file.substr(hash + 1);
    const std::string bytes = bytes_of(path), shown = clipped(path, 400);
    if (bytes.starts_with(kMagic)) return parse_npy(bytes, shown);
    return parse_safetensors(bytes, shown, name);
}

void check_probabilities(const Tensor& tensor, const std::string& shown) {
    for (std::size_t r = 0; r < tensor.rows; ++r) {
        double sum = 0, least = 0;
        for (const float p : tensor.row(r)) {
            sum += p;
            least = std::min(least, double(p));
        }
        if (least < 0 || std::fabs(sum - 1) > 1e-3)
            fail(shown,
                 fmt::format("row {} is no distribution: sum {:.6g}, least value {:.6g}", r, sum, least));
    }
}

}  // namespace isobath::numerics
