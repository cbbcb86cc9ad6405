/// Functions of an open library, found by name; what is missing is remembered.
#pragma once

#include <functional>
#include <string>
#include <utility>

namespace isobath {

class FunctionFinder {
  public:
    /// `symbol` answers null for what it does not have.
    explicit FunctionFinder(std::function<void*(const char* name)> symbol) : symbol_(std::move(symbol)) {}

    template <class Function>
    void operator()(Function*& function, const char* name) {
        function = reinterpret_cast<Function*>(symbol_(name));
        if (!function) missing_ = name;
    }

    /// A name that was not found; empty: all were.
    const std::string& missing() const { return missing_; }

  private:
    std::function<void*(const char* name)> symbol_;
    std::string missing_;
};

}  // namespace isobath
