# Compiles the JSON data of the repository into the program, so that one file runs anywhere.
# Each file becomes a byte array under its path from the root: "scenarios/gpus/h800.json".
function(isobath_embed_data target)
  file(GLOB_RECURSE files CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}
    ${PROJECT_SOURCE_DIR}/scenarios/*.json ${PROJECT_SOURCE_DIR}/hw/calibrations/*.json
    ${PROJECT_SOURCE_DIR}/tests/validation/*.json)
  list(SORT files)
  set(out ${PROJECT_BINARY_DIR}/embedded_data.cc)
  list(TRANSFORM files PREPEND ${PROJECT_SOURCE_DIR}/ OUTPUT_VARIABLE paths)
  file(GENERATE OUTPUT ${PROJECT_BINARY_DIR}/embedded_data.list CONTENT "$<JOIN:${files},\n>\n")
  add_custom_command(OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -D ROOT=${PROJECT_SOURCE_DIR} -D LIST=${PROJECT_BINARY_DIR}/embedded_data.list
            -D OUT=${out} -P ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${paths} ${PROJECT_SOURCE_DIR}/cmake/embed.cmake ${PROJECT_BINARY_DIR}/embedded_data.list
    COMMENT "Embedding data files" VERBATIM)
  add_library(${target} STATIC ${out})
  target_link_libraries(${target} PUBLIC isobath_options)
endfunction()
