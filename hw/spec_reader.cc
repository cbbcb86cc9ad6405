#include "hw/spec_reader.h"

#include <cmath>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include <fmt/format.h>

#include "hw/text.h"

namespace isobath {
namespace {

using nlohmann::json;

constexpr int kMaxDepth         = 64;
constexpr std::size_t kMaxBytes = 64u << 20;

/// nlohmann keeps the last of two equal keys; a user who wrote both means something else.
class Strictness {
  public:
    explicit Strictness(std::string shown) : shown_(std::move(shown)) {}

    bool operator()(int depth, json::parse_event_t event, json& parsed) {
        if (depth > kMaxDepth) fail_at(shown_, "", fmt::format("nested deeper than {} levels", kMaxDepth));
        if (event == json::parse_event_t::object_start) objects_.emplace_back();
        if (event == json::parse_event_t::object_end) objects_.pop_back();
        if (event == json::parse_event_t::key) take(parsed.get_ref<const std::string&>());
        return true;
    }

  private:
    struct Object {
        std::set<std::string> keys;
        std::string last;
    };

    void take(const std::string& key) {
        Object& object   = objects_.back();
        const bool fresh = object.keys.insert(key).second;
        object.last      = key;
        if (!fresh) fail_at(shown_, here(), "given twice; once is allowed");
    }

    std::string here() const {
        std::string path;
        for (const Object& object : objects_) path += "/" + object.last;
        return path;
    }

    std::string shown_;
    std::vector<Object> objects_;
};

/// "line 3, column 7" of a byte in a text.
std::string place_of(std::string_view text, std::size_t byte) {
    const std::string_view before = text.substr(0, std::min(byte > 0 ? byte - 1 : 0, text.size()));
    const auto line               = std::count(before.begin(), before.end(), '\n') + 1;
    const auto start              = before.rfind('\n');
    return fmt::format("line {}, column {}", line,
                       before.size() - (start == before.npos ? 0 : start + 1) + 1);
}

const char* kind_of(const json& value) {
    switch (value.type()) {
        case json::value_t::object: return "an object";
        case json::value_t::array: return "an array";
        case json::value_t::string: return "text";
        case json::value_t::boolean: return "true or false";
        case json::value_t::null: return "null";
        default: return "a number";
    }
}

std::string got(const json& value) {
    if (value.is_structured()) return kind_of(value);
    return clipped(value.dump(-1, ' ', true, json::error_handler_t::replace), 60);
}

}  // namespace

json parse_json(std::string_view text, const std::string& shown) {
    try {
        return json::parse(text.begin(), text.end(), Strictness(shown), true, /*ignore_comments=*/true);
    } catch (const json::parse_error& e) {
        // "[...parse_error.101] parse error at line 1, column 2: syntax error while parsing value - invalid
        // literal; last read: 'x'": keep the reason.
        const std::string_view what = e.what();
        const auto dash             = what.find(" - ");
        const std::string_view said =
            dash != what.npos ? what.substr(dash + 3) : what.substr(what.rfind(": ") + 2);
        throw SpecError(fmt::format("{}: {}: not JSON: {}", shown, place_of(text, e.byte), clipped(said)));
    } catch (const json::out_of_range& e) {
        // "[json.exception.out_of_range.406] number overflow parsing '1e999'"
        const std::string_view what = e.what();
        const auto quote            = what.find('\'');
        const std::string_view said = quote == what.npos ? "" : what.substr(quote);
        throw SpecError(
            fmt::format("{}: {}: a number is too large; allowed: up to 1.8e308", shown, clipped(said)));
    } catch (const json::exception& e) {
        throw SpecError(fmt::format("{}: not JSON: {}", shown, clipped(e.what())));
    }
}

std::string read_text(const std::filesystem::path& path) {
    const std::string shown = clipped(path.string(), 400);
    std::error_code error;
    if (std::filesystem::is_directory(path, error))
        throw SpecError(shown + ": is a folder; expected a JSON file");
    std::ifstream stream(path, std::ios::binary);
    if (!stream) throw SpecError(shown + ": cannot open; expected a JSON file");
    // Read in pieces: a pipe or a device does not tell its size.
    std::string text, piece(1 << 16, '\0');
    while (stream.read(piece.data(), static_cast<std::streamsize>(piece.size())), stream.gcount() > 0) {
        text.append(piece, 0, static_cast<std::size_t>(stream.gcount()));
        if (text.size() > kMaxBytes) throw SpecError(shown + ": larger than 64 MiB; expected a JSON file");
    }
    return text;
}

json read_json(const std::filesystem::path& path) {
    return parse_json(read_text(path), clipped(path.string(), 400));
}

SpecError::SpecError(const std::string& file, std::string json_path, std::string what_is_wrong)
    : std::runtime_error(fmt::format("{}: {}{}{}", file, clipped(json_path, 200),
                                     json_path.empty() ? "" : ": ", what_is_wrong)),
      path(std::move(json_path)),
      reason(std::move(what_is_wrong)) {}

void fail_at(const std::string& file, const std::string& path, const std::string& what) {
    throw SpecError(file, path, what);
}

SpecReader::SpecReader(const json& value, std::string file, std::string path)
    : json_(&value), file_(std::move(file)), path_(std::move(path)) {
    if (!value.is_object())
        fail_at(file_, path_.empty() ? "/" : path_, std::string("expected an object, got ") + got(value));
}

bool SpecReader::has(const std::string& key) const {
    return json_->contains(key);
}

const json& SpecReader::raw(const std::string& key) {
    read_.insert(key);
    const auto found = json_->find(key);
    if (found == json_->end()) fail(key, "missing");
    return *found;
}

std::string SpecReader::text(const std::string& key) {
    const json& value = raw(key);
    if (!value.is_string()) fail(key, "expected text, got " + got(value));
    return value.get<std::string>();
}

std::string SpecReader::text(const std::string& key, std::string otherwise) {
    return asked(key) ? text(key) : std::move(otherwise);
}

int SpecReader::integer(const std::string& key, int min, int max) {
    const json& value = raw(key);
    const bool whole  = value.is_number_integer() ||
                       (value.is_number_float() && std::floor(value.get<double>()) == value.get<double>());
    const double number = whole ? value.get<double>() : 0;
    if (!whole || number < min || number > max)
        fail(key, fmt::format("expected a whole number from {} to {}, got {}", min, max, got(value)));
    return static_cast<int>(number);
}

int SpecReader::integer_or(const std::string& key, int otherwise, int min, int max) {
    return asked(key) ? integer(key, min, max) : otherwise;
}

double SpecReader::number(const std::string& key, double min, double max) {
    const json& value = raw(key);
    if (!value.is_number() || !(value.get<double>() >= min) || !(value.get<double>() <= max))
        fail(key, fmt::format("expected a number from {:g} to {:g}, got {}", min, max, got(value)));
    return value.get<double>();
}

double SpecReader::number_or(const std::string& key, double otherwise, double min, double max) {
    return asked(key) ? number(key, min, max) : otherwise;
}

bool SpecReader::flag_or(const std::string& key, bool otherwise) {
    if (!asked(key)) return otherwise;
    const json& value = raw(key);
    if (!value.is_boolean()) fail(key, "expected true or false, got " + got(value));
    return value.get<bool>();
}

template <class Q>
Q SpecReader::quantity(const std::string& key) {
    const json& value = raw(key);
    try {
        if (!value.is_string()) parse_quantity<Q>(got(value));  // throws: it has no unit
        return parse_quantity<Q>(value.get_ref<const std::string&>());
    } catch (const std::invalid_argument& e) {
        fail(key, e.what());
    }
}

template <class Q>
Q SpecReader::quantity_or(const std::string& key, Q otherwise) {
    return asked(key) ? quantity<Q>(key) : otherwise;
}

#define ISOBATH_INSTANTIATE(Q)                           \
    template Q SpecReader::quantity(const std::string&); \
    template Q SpecReader::quantity_or(const std::string&, Q);
ISOBATH_INSTANTIATE(Seconds)
ISOBATH_INSTANTIATE(Bytes)
ISOBATH_INSTANTIATE(BytesPerSecond)
ISOBATH_INSTANTIATE(FlopsPerSecond)
#undef ISOBATH_INSTANTIATE

std::size_t SpecReader::choice(const std::string& key, std::span<const std::string_view> allowed) {
    const json& value = raw(key);
    if (value.is_string())
        for (std::size_t i = 0; i < allowed.size(); ++i)
            if (value.get_ref<const std::string&>() == allowed[i]) return i;
    fail(key, fmt::format("{}: not known; allowed: {}", got(value), joined(allowed)));
}

SpecReader SpecReader::object(const std::string& key) {
    return {raw(key), file_, path_ + "/" + key};
}

void SpecReader::each(const std::string& key, const std::function<void(SpecReader&)>& read) {
    const json& list = raw(key);
    if (!list.is_array()) fail(key, "expected an array, got " + got(list));
    for (std::size_t i = 0; i < list.size(); ++i) {
        SpecReader item(list[i], file_, fmt::format("{}/{}/{}", path_, key, i));
        read(item);
        item.finish();
    }
}

void SpecReader::each_key(const std::function<void(const std::string&)>& read) {
    for (const auto& [key, value] : json_->items()) {
        read_.insert(key);
        read(key);
    }
}

void SpecReader::finish() const {
    std::vector<std::string_view> known(read_.begin(), read_.end());
    for (const auto& [key, value] : json_->items()) {
        if (read_.contains(key)) continue;
        const std::string_view near = nearest(key, known);
        if (!near.empty()) fail(key, fmt::format("unknown key; did you mean \"{}\"?", near));
        fail(key, "unknown key; known: " + clipped(joined(known), 400));
    }
}

void SpecReader::fail(const std::string& key, const std::string& what) const {
    fail_at(file_, key.empty() ? path_ : path_ + "/" + key, what);
}

json load_preset(const DataFiles& data, const std::string& folder, const std::string& name,
                 const std::string& asked_file, const std::string& asked_path) {
    const std::string path = folder + "/" + name + ".json";
    if (name.find_first_of("/\\") == name.npos)
        if (const auto text = data.find(path)) return parse_json(*text, data.shown(path));
    const std::vector<std::string> names = data.names(folder);
    const std::vector<std::string_view> known(names.begin(), names.end());
    const std::string_view near = nearest(name, known);
    fail_at(asked_file, asked_path,
            fmt::format("no preset \"{}\"; {}known: {}", clipped(name),
                        near.empty() ? "" : fmt::format("did you mean \"{}\"? ", near), joined(known)));
}

}  // namespace isobath
