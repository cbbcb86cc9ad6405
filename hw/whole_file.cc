#include "hw/whole_file.h"

#include <filesystem>
#include <fstream>

namespace isobath {

bool write_whole(const std::string& file, const std::string& text) {
    const std::string part = file + ".part";
    std::ofstream stream(part, std::ios::binary);
    stream << text;
    stream.close();
    std::error_code error;
    if (stream) std::filesystem::rename(part, file, error);
    return stream && !error;
}

}  // namespace isobath
