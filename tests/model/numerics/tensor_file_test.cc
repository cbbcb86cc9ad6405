#include "model/numerics/tensor_file.h"

#include <cmath>
#include <random>

#include "hw/spec_reader.h"
#include "tests/catch.h"
#include "tests/temporary_folder.h"

using namespace isobath;
using namespace isobath::numerics;

namespace {

template <class T>
std::string raw(const std::vector<T>& values) {
    return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

std::string npy(const std::string& header, const std::string& data, char version = 1) {
    std::string out = "\x93NUMPY";
    out += version;
    out += '\0';
    const auto size = std::uint32_t(header.size());
    out.append(reinterpret_cast<const char*>(&size), version == 1 ? 2 : 4);
    return out + header + data;
}

std::string header(const std::string& type, const std::string& shape, const char* order = "False") {
    return "{'descr': '" + type + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }\n";
}

std::string safetensors(const std::string& json, const std::string& data) {
    const auto size = std::uint64_t(json.size());
    return std::string(reinterpret_cast<const char*>(&size), 8) + json + data;
}

/// What is said of bytes that are refused; empty if they are taken.
std::string said(const std::string& bytes) {
    try {
        bytes.starts_with("\x93NUMPY") ? parse_npy(bytes, "f") : parse_safetensors(bytes, "f");
    } catch (const SpecError& e) {
        return e.what();
    }
    return "";
}

const std::vector<float> kSix{1, 2, 3, 4, 5, 6};

}  // namespace

TEST_CASE("numerics: .npy of every version and type is read row by row", "[model][numerics]") {
    for (const char version : {1, 2, 3}) {
        const Tensor t = parse_npy(npy(header("<f4", "(2, 3)"), raw(kSix), version), "f");
        CHECK(t.rows == 2);
        CHECK(t.columns == 3);
        CHECK(t.at(1, 0) == 4);
    }
    // FP16 1.5 is 0x3E00.
    CHECK(parse_npy(npy(header("<f2", "(1,)"), raw<std::uint16_t>({0x3E00})), "f").values[0] == 1.5);
    CHECK(parse_npy(npy(header("|i1", "(1, 2)"), raw<std::int8_t>({-3, 4})), "f").values[0] == -3);
    CHECK(parse_npy(npy(header("<f8", "(1,1)"), raw<double>({0.25})), "f").values[0] == 0.25);
}

TEST_CASE("numerics: .safetensors holds one matrix, or one that is named", "[model][numerics]") {
    // BF16 1 is 0x3F80; E4M3 448 is 0x7E.
    const std::string two =
        R"({"__metadata__": {"format": "pt"}, "a": {"dtype": "BF16", "shape": [1, 2], "data_offsets": [0, 4]},
            "b": {"dtype": "F8_E4M3", "shape": [1], "data_offsets": [4, 5]}})";
    const std::string file = safetensors(two, raw<std::uint8_t>({0x80, 0x3F, 0x80, 0xBF, 0x7E}));
    CHECK(parse_safetensors(file, "f", "a").values == std::vector<float>{1, -1});
    CHECK(parse_safetensors(file, "f", "b").values == std::vector<float>{448});
    CHECK(said(file) == "f: 2 tensors; name one as FILE#NAME: a, b");
    const TemporaryFolder folder;
    CHECK(read_tensor(folder.write("two.safetensors", file) + "#b").values[0] == 448);
}

TEST_CASE("numerics: files that are no finite matrix are refused by name and reason", "[model][numerics]") {
    using Catch::Contains;
    CHECK_THAT(said(""), Contains("f: too short"));
    CHECK_THAT(said("PK\3\4 some other file"), Contains("neither .npy nor .safetensors"));
    CHECK_THAT(said("\x93NUMPY\x01"), Contains("cut off in its header"));
    CHECK_THAT(said(npy(header("<f4", "(2, 3)"), raw(kSix), 9)), Contains("version 9"));
    CHECK_THAT(said(npy(header("<f4", "(2, 4)"), raw(kSix))), Contains("24 bytes of data, but 2 x 4"));
    CHECK_THAT(said(npy(header("<c8", "(2, 3)"), raw(kSix))), Contains("allowed: <f4, <f2"));
    CHECK_THAT(said(npy(header(">f4", "(2, 3)"), raw(kSix))), Contains("elements of type"));
    CHECK_THAT(said(npy(header("<f4", "(2, 3)", "True"), raw(kSix))), Contains("C order"));
    CHECK_THAT(said(npy(header("<f4", "(1, 2, 3)"), raw(kSix))), Contains("one or two dimensions"));
    CHECK_THAT(said(npy(header("<f4", "()"), raw(kSix))), Contains("one or two dimensions"));
    CHECK_THAT(said(npy(header("<f4", "(0, 3)"), "")), Contains("lengths from 1"));
    CHECK_THAT(said(npy(header("<f4", "(-1, 3)"), "")), Contains("lengths from 1"));
    CHECK_THAT(said(npy(header("<f4", "(1000000000, 1000000000)"), "")), Contains("too large"));
    CHECK_THAT(said(npy(header("<f4", "(1, 2)"), raw<float>({1, NAN}))),
               Contains("column 1 is not a finite"));
    CHECK_THAT(said(npy(header("<f4", "(1, 2)"), raw<float>({INFINITY, 1}))), Contains("not a finite"));
    CHECK_THAT(said(safetensors("[]", "")), Contains("not a JSON object"));
    CHECK_THAT(said(safetensors(R"({"a": 3})", "")), Contains("expected an object"));
    CHECK_THAT(said(safetensors(R"({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 40]}})", "1234")),
               Contains("outside of 4 bytes"));
    CHECK_THAT(said(safetensors(R"({"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 0]}})", "1234")),
               Contains("outside of 4 bytes"));
    CHECK_THAT(said(safetensors(R"({"a": {"dtype": "F4", "shape": [1], "data_offsets": [0, 4]}})", "1234")),
               Contains("F8_E4M3"));
    CHECK_THROWS_WITH(read_tensor("/nowhere.npy"), Contains("cannot open"));
    CHECK_THROWS_WITH(read_tensor("/"), Contains("is a folder"));
}

TEST_CASE("numerics: broken bytes are refused or read, and nothing else happens", "[model][numerics]") {
    std::mt19937_64 random(1);
    const std::string good[] = {
        npy(header("<f4", "(2, 3)"), raw(kSix)),
        safetensors(R"({"a": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}})", raw(kSix))};
    int taken = 0;
    for (const std::string& base : good)
        for (int i = 0; i < 4000; ++i) {
            std::string bytes = base;
            for (auto n = random() % 4; n-- > 0;) bytes[random() % bytes.size()] = char(random());
            if (random() % 3 == 0) bytes.resize(random() % (bytes.size() + 1));
            taken += said(bytes).empty();
        }
    CHECK(taken > 100);  // flips in the data leave a matrix
}

TEST_CASE("numerics: probabilities add up to one in every row", "[model][numerics]") {
    Tensor t(2, 2);
    t.values = {0.25f, 0.75f, 0.5f, 0.5f};
    CHECK_NOTHROW(check_probabilities(t, "f"));
    t.at(1, 0) = 0.6f;
    CHECK_THROWS_WITH(check_probabilities(t, "f"), Catch::Contains("f: row 1 is no distribution: sum 1.1"));
    t.values = {-0.5f, 1.5f, 0.5f, 0.5f};
    CHECK_THROWS_WITH(check_probabilities(t, "f"), Catch::Contains("row 0"));
}
