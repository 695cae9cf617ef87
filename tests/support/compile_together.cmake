# Copyright (c) 2026 The carpool authors
# SPDX-License-Identifier: BSL-1.0
#
# carpool_compile_together(PROGRAM COUNT): compiles the tests of PROGRAM, COUNT files at a time, as CMake's unity builds do.
# What takes long is what they include, which is parsed and instantiated once for all of them. Unlike there, each file is in
# a namespace of its own, so that helpers of two files may have one name. Files without tests, which define something for
# others, and those with options of their own are compiled by themselves.
function(carpool_compile_together program count)
  set_target_properties(${program} PROPERTIES UNITY_BUILD OFF)
  get_target_property(sources ${program} SOURCES)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${sources})
  set(together "")
  foreach(source IN LISTS sources)
    file(STRINGS "${source}" tests REGEX "^TEST_CASE")
    get_source_file_property(options "${source}" TARGET_DIRECTORY ${program} COMPILE_OPTIONS)
    if(tests AND NOT options)
      list(APPEND together "${source}")
    endif()
  endforeach()
  set_source_files_properties(${together} TARGET_DIRECTORY ${program} PROPERTIES HEADER_FILE_ONLY ON)

  set(number 0)
  while(together)
    list(SUBLIST together 0 ${count} some)
    list(REMOVE_ITEM together ${some})
    set(includes "")
    set(files "")
    foreach(source IN LISTS some)
      cmake_path(RELATIVE_PATH source BASE_DIRECTORY "${PROJECT_SOURCE_DIR}/tests")  # an include path of all tests
      cmake_path(GET source PARENT_PATH folder)
      file(STRINGS "${PROJECT_SOURCE_DIR}/tests/${source}" lines REGEX "^#(include|if|el|endif)")
      foreach(line IN LISTS lines)
        string(REGEX MATCH "^#include \"(.*)\"" quoted "${line}")
        if(quoted AND EXISTS "${PROJECT_SOURCE_DIR}/tests/${folder}/${CMAKE_MATCH_1}")
          set(line "#include \"${folder}/${CMAKE_MATCH_1}\"")
        endif()
        string(APPEND includes "${line}\n")
      endforeach()
      string(MAKE_C_IDENTIFIER "${source}" namespace)
      string(APPEND files "\nnamespace ${namespace} {\n#include \"${source}\"\n}\n")
    endforeach()
    set(unit "${CMAKE_CURRENT_BINARY_DIR}/${program}_${number}.cpp")
    file(CONFIGURE OUTPUT "${unit}" CONTENT "${includes}${files}" @ONLY)
    target_sources(${program} PRIVATE "${unit}")
    math(EXPR number "${number} + 1")
  endwhile()
endfunction()
