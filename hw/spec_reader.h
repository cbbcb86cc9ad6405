/// Reads one JSON object into a typed spec, and refuses what it does not know.
#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "hw/data.h"
#include "hw/units.h"

namespace isobath {

/// The user's file is wrong. The message reads "file: /json/path: what; what is allowed".
struct SpecError : std::runtime_error {
    using std::runtime_error::runtime_error;
    SpecError(const std::string& file, std::string json_path, std::string what_is_wrong);

    std::string path, reason;  ///< the last two parts of the message, where it was made of parts
};

/// Parses JSON with // comments. `shown` names the text in messages.
///
/// Throws SpecError on bad syntax, a number beyond double, a key given twice, or nesting deeper than 64.
nlohmann::json parse_json(std::string_view text, const std::string& shown);

/// The bytes of a file of at most 64 MiB. Throws SpecError if it is a folder, missing or too large.
std::string read_text(const std::filesystem::path& file);

/// Reads and parses a file of at most 64 MiB. Throws SpecError if it cannot be read or parsed.
nlohmann::json read_json(const std::filesystem::path& file);

/// "FILE: /json/path: what".
[[noreturn]] void fail_at(const std::string& file, const std::string& path, const std::string& what);

/// Typed, checked access to one object. Every key must be asked for before finish(), or it is an error.
///
/// `json` must outlive the reader. `file` and `path` only serve messages, where the empty key means the
/// object itself.
class SpecReader {
  public:
    SpecReader(const nlohmann::json& json, std::string file, std::string path = "");
    SpecReader(nlohmann::json&&, std::string, std::string = "") = delete;

    bool has(const std::string& key) const;

    std::string text(const std::string& key);
    std::string text(const std::string& key, std::string otherwise);
    int integer(const std::string& key, int min = 0, int max = 1'000'000'000);
    int integer_or(const std::string& key, int otherwise, int min = 0, int max = 1'000'000'000);
    /// A plain finite number within [min, max].
    double number(const std::string& key, double min = 0, double max = 1e300);
    double number_or(const std::string& key, double otherwise, double min = 0, double max = 1e300);
    bool flag_or(const std::string& key, bool otherwise);
    template <class Q>
    Q quantity(const std::string& key);
    template <class Q>
    Q quantity_or(const std::string& key, Q otherwise);
    /// The index of the text under `key` among `allowed`.
    std::size_t choice(const std::string& key, std::span<const std::string_view> allowed);

    /// The object under `key`, to be read and finished by its own reader.
    SpecReader object(const std::string& key);
    /// Calls `read` with a reader for each object of the array under `key`.
    void each(const std::string& key, const std::function<void(SpecReader&)>& read);
    /// Calls `read` with each key of this object and, marked as read, leaves it to `read` to judge it.
    void each_key(const std::function<void(const std::string&)>& read);
    /// The value itself, marked as read; for what has a reader of its own.
    const nlohmann::json& raw(const std::string& key);

    /// Marks `key` as known without reading it.
    void ignore(const std::string& key) { read_.insert(key); }

    /// Throws SpecError if the object holds a key that nobody read: a typo is never silent.
    void finish() const;

    [[noreturn]] void fail(const std::string& key, const std::string& what) const;
    const std::string& file() const { return file_; }
    const std::string& path() const { return path_; }

  private:
    bool asked(const std::string& key) {
        read_.insert(key);
        return has(key);
    }

    const nlohmann::json* json_;
    std::string file_, path_;
    std::set<std::string> read_;
};

/// Loads the preset `folder/name.json`. Throws SpecError naming `asked_at` ("file: /path") and what exists.
nlohmann::json load_preset(const DataFiles& data, const std::string& folder, const std::string& name,
                           const std::string& asked_file, const std::string& asked_path);

}  // namespace isobath
