# One libFuzzer program for everything that reads a file of the user's. Configure with Clang:
#   CXX=clang++ cmake --preset dev -B build/fuzz -D ISOBATH_FUZZ=ON
if(ISOBATH_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "ISOBATH_FUZZ needs Clang: set CXX=clang++")
  endif()
  set(watch -fsanitize=address,undefined -fno-sanitize-recover=undefined)
  foreach(floor hw model sim)   # coverage must reach the code under test, not only the entry
    target_compile_options(isobath_${floor} PRIVATE ${watch} -fsanitize=fuzzer-no-link)
  endforeach()
  target_link_options(isobath_options INTERFACE ${watch})
  add_executable(isobath_fuzz ${CMAKE_CURRENT_LIST_DIR}/scenario_fuzz.cc)
  target_compile_options(isobath_fuzz PRIVATE ${watch} -fsanitize=fuzzer)
  target_link_options(isobath_fuzz PRIVATE -fsanitize=fuzzer)
  target_link_libraries(isobath_fuzz PRIVATE isobath_sim)

  # The dictionary is every word of the table of fields and of the GPU reader, so it cannot go stale.
  set(words "\"extends\"" "\"//\"" "\" us\"" "\" GB/s\"" "\" MiB\"" "\" TFLOP/s\"" "\"1e309\"" "\"-1\"" "\"null\""
    "\"TIMESTAMP,ContextTokens,GeneratedTokens\"" "\"arrival_s,prompt,answer,cached\"" "\"2023-11-16 18:17:03.9\"")
  foreach(file sim/scenario_fields.cc sim/scenario_reader.cc hw/gpu.cc hw/dtype.cc sim/serve/sources/mooncake_line.cc)
    file(READ ${PROJECT_SOURCE_DIR}/${file} text)
    string(REGEX MATCHALL "[a-z0-9_.-]+[\"/]" found "${text}")
    list(TRANSFORM found REPLACE "(.*)[/\"]" "\"\\1\"")
    list(APPEND words ${found})
  endforeach()
  list(REMOVE_DUPLICATES words)
  list(JOIN words "\n" words)
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/fuzz.dict CONTENT "${words}\n" @ONLY)
endif()
