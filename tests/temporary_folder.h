/// A folder of a test's own: no other test or process has the same one, and it is gone with the object.
#pragma once

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>

namespace isobath {

class TemporaryFolder {
  public:
    /// Throws std::system_error where the system gives no folder.
    TemporaryFolder() : path_((std::filesystem::temp_directory_path() / "isobath-XXXXXX").string()) {
        if (!mkdtemp(path_.data())) throw std::system_error(errno, std::generic_category(), path_);
    }
    ~TemporaryFolder() {
        std::error_code none;
        std::filesystem::remove_all(path_, none);
    }
    TemporaryFolder(const TemporaryFolder&)            = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    const std::string& path() const { return path_; }

    /// Where a file of this name lies, or would.
    std::string operator/(const std::string& name) const { return path_ + "/" + name; }

    /// Writes a file, in folders that are made where missing, and says where it lies.
    std::string write(const std::string& name, const std::string& text) const {
        const std::filesystem::path file = *this / name;
        std::filesystem::create_directories(file.parent_path());
        std::ofstream(file, std::ios::binary) << text;
        return file.string();
    }

    /// A file's text; empty if there is none.
    std::string read(const std::string& name) const {
        std::ifstream file(*this / name, std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }

  private:
    std::string path_;
};

}  // namespace isobath
