# Compiles the JSON data of the repository into the program, so that one file runs anywhere.
# Each file becomes a text under its path from the root: "scenarios/gpus/h800.json".
function(isobath_embed_data target)
  file(GLOB_RECURSE files CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}
    ${PROJECT_SOURCE_DIR}/scenarios/*.json ${PROJECT_SOURCE_DIR}/hw/calibrations/*.json
    ${PROJECT_SOURCE_DIR}/tests/validation/*.json)
  list(SORT files)
  list(TRANSFORM files PREPEND ${PROJECT_SOURCE_DIR}/ OUTPUT_VARIABLE paths)
  set(list ${PROJECT_BINARY_DIR}/embedded_data.list)
  set(out ${PROJECT_BINARY_DIR}/embedded_data.cc)
  file(GENERATE OUTPUT ${list} CONTENT "$<JOIN:${files},\n>\n")

  # A program of our own: CMake's string commands know neither bytes nor encodings.
  add_executable(isobath_embed ${PROJECT_SOURCE_DIR}/cmake/embed.cc)
  target_link_libraries(isobath_embed PRIVATE isobath_options)
  add_custom_command(OUTPUT ${out} COMMAND isobath_embed ${PROJECT_SOURCE_DIR} ${list} ${out}
    DEPENDS ${paths} ${list} COMMENT "Embedding data files" VERBATIM)
  add_library(${target} STATIC ${out})
  target_link_libraries(${target} PUBLIC isobath_options)
endfunction()
