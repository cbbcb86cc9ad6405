# Speed against goals, where Google Benchmark is installed: ./dev bench
find_package(benchmark QUIET)
if(benchmark_FOUND)
  file(GLOB bench_sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/*.cc)
  add_executable(isobath_bench EXCLUDE_FROM_ALL ${bench_sources})
  target_link_libraries(isobath_bench PRIVATE isobath_sim benchmark::benchmark)
  target_compile_definitions(isobath_bench PRIVATE ISOBATH_BINARY="$<TARGET_FILE:isobath>")
  add_dependencies(isobath_bench isobath)
endif()
