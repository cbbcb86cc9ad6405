/// An SQLite file being made: owners of the handles, and errors as exceptions.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace isobath::sweep {

/// A prepared statement, bound by place from 1, then stepped.
class Statement {
  public:
    Statement(sqlite3* database, const std::string& query, std::string file);
    ~Statement();
    Statement(const Statement&)            = delete;
    Statement& operator=(const Statement&) = delete;

    void bind(int place, double value);
    void bind(int place, std::int64_t value);
    void bind(int place, std::string_view value);  ///< must live until run()
    void bind_null(int place);
    /// Runs an INSERT, and makes the statement ready for the next.
    void run();

  private:
    void check(int result);

    sqlite3* database_;
    sqlite3_stmt* statement_ = nullptr;
    std::string file_;
};

/// A new file: what lay there before is gone. No journal: whoever makes one renames it when it is whole.
class NewDatabase {
  public:
    explicit NewDatabase(const std::string& file);

    void execute(const std::string& statements);
    Statement prepare(const std::string& query) { return {database_.get(), query, file_}; }

  private:
    std::string file_;
    std::unique_ptr<sqlite3, int (*)(sqlite3*)> database_;
};

/// A name between double quotes, and a text between single ones, as SQL wants them.
std::string sql_name(std::string_view name);
std::string sql_text(std::string_view text);

}  // namespace isobath::sweep
