#include "sim/sweep/database.h"

#include <filesystem>

#include <sqlite3.h>

#include "hw/spec_reader.h"
#include "hw/text.h"

namespace isobath::sweep {
namespace {

std::string quoted(std::string_view text, char quote) {
    std::string out(1, quote);
    for (const char c : text) {
        if (c == quote) out += c;
        out += c;
    }
    return out + quote;
}

[[noreturn]] void fail(const std::string& file, const char* what) {
    throw SpecError(clipped(file, 400) + ": cannot write: " + clipped(what, 400));
}

sqlite3* opened(const std::string& file) {
    std::error_code none;
    std::filesystem::remove(file, none);
    sqlite3* raw = nullptr;
    if (sqlite3_open(file.c_str(), &raw) != SQLITE_OK) {
        const std::string what = raw ? sqlite3_errmsg(raw) : "no memory";
        sqlite3_close(raw);
        fail(file, what.c_str());
    }
    return raw;
}

}  // namespace

Statement::Statement(sqlite3* database, const std::string& query, std::string file)
    : database_(database), file_(std::move(file)) {
    check(sqlite3_prepare_v2(database, query.c_str(), -1, &statement_, nullptr));
}

Statement::~Statement() {
    sqlite3_finalize(statement_);
}

void Statement::check(int result) {
    if (result != SQLITE_OK && result != SQLITE_DONE) fail(file_, sqlite3_errmsg(database_));
}

void Statement::bind(int place, double value) {
    check(sqlite3_bind_double(statement_, place, value));
}

void Statement::bind(int place, std::int64_t value) {
    check(sqlite3_bind_int64(statement_, place, value));
}

void Statement::bind(int place, std::string_view value) {
    check(sqlite3_bind_text(statement_, place, value.data(), static_cast<int>(value.size()), SQLITE_STATIC));
}

void Statement::bind_null(int place) {
    check(sqlite3_bind_null(statement_, place));
}

void Statement::run() {
    check(sqlite3_step(statement_));
    check(sqlite3_reset(statement_));
}

NewDatabase::NewDatabase(const std::string& file) : file_(file), database_(opened(file), sqlite3_close) {
    execute(
        "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE; "
        "PRAGMA cache_size=-65536;");
}

void NewDatabase::execute(const std::string& statements) {
    if (sqlite3_exec(database_.get(), statements.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
        fail(file_, sqlite3_errmsg(database_.get()));
}

std::string sql_name(std::string_view name) {
    return quoted(name, '"');
}

std::string sql_text(std::string_view text) {
    return quoted(text, '\'');
}

}  // namespace isobath::sweep
