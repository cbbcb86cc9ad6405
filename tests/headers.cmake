# `headers` compiles every header alone, so that each brings what it needs; only the front end runs.
file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}
  ${PROJECT_SOURCE_DIR}/hw/*.h ${PROJECT_SOURCE_DIR}/model/*.h ${PROJECT_SOURCE_DIR}/sim/*.h ${PROJECT_SOURCE_DIR}/profiler/*.h)
if(NOT TARGET isobath_gpu)   # headers that bring CUDA along
  list(FILTER headers EXCLUDE REGEX "^profiler/(gpu|suites|attach)/|^profiler/cuda_check\\.h$")
endif()
set(alone "")
foreach(header IN LISTS headers)
  set(file ${PROJECT_BINARY_DIR}/headers/${header}.cc)
  file(CONFIGURE OUTPUT ${file} CONTENT "#include \"${header}\"  // IWYU pragma: keep\n")
  list(APPEND alone ${file})
endforeach()
add_library(headers OBJECT EXCLUDE_FROM_ALL ${alone})
target_link_libraries(headers PRIVATE isobath_cli isobath_profiler $<TARGET_NAME_IF_EXISTS:isobath_gpu>)
target_compile_options(headers PRIVATE -O0 -g0)
