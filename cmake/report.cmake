# The page of `beampress report`: our HTML, style and script, and Debian's libjs-chart.js, carried inside the command.
set(page ${CMAKE_CURRENT_SOURCE_DIR}/src/report/page)
set(part_names page style script)
set(part_files ${page}/page.html ${page}/page.css ${page}/page.js)
set(BP_CHART_JS /usr/share/javascript/chart.js/chart.min.js CACHE FILEPATH "Chart.js, version 3, minified")
set(BP_CHART_LICENCE /usr/share/doc/libjs-chart.js/copyright CACHE FILEPATH "its licence")
set(chart_head "")
if(EXISTS ${BP_CHART_JS} AND EXISTS ${BP_CHART_LICENCE})
  file(READ ${BP_CHART_JS} chart_head LIMIT 64)
endif()
# the page is written for this major version
if(chart_head MATCHES "Chart\\.js v3\\.")
  list(APPEND part_names library licence)
  list(APPEND part_files ${BP_CHART_JS} ${BP_CHART_LICENCE})
else()
  message(STATUS "plots of the HTML report are left out: no Chart.js 3 (Debian's libjs-chart.js)")
endif()
string(REPLACE ";" "|" names "${part_names}")
string(REPLACE ";" "|" files "${part_files}")
set(BP_PAGE_SOURCE ${CMAKE_BINARY_DIR}/generated/page_parts.c)
add_custom_command(OUTPUT ${BP_PAGE_SOURCE} VERBATIM
  DEPENDS ${part_files} ${CMAKE_CURRENT_SOURCE_DIR}/cmake/embed.cmake
  COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/generated
  COMMAND ${CMAKE_COMMAND} -DOUTPUT=${BP_PAGE_SOURCE} -DTABLE=bp_page_parts -DHEADER=report/page_parts.h "-DNAMES=${names}" "-DFILES=${files}" -P ${CMAKE_CURRENT_SOURCE_DIR}/cmake/embed.cmake)

# What `beampress judge --with` says to other programs: Python, carried inside the command likewise.
set(field ${CMAKE_CURRENT_SOURCE_DIR}/src/cli/field)
set(BP_FIELD_SOURCE ${CMAKE_BINARY_DIR}/generated/field_scripts.c)
add_custom_command(OUTPUT ${BP_FIELD_SOURCE} VERBATIM
  DEPENDS ${field}/field.py ${field}/dials.py ${field}/pyfai.py ${CMAKE_CURRENT_SOURCE_DIR}/cmake/embed.cmake
  COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/generated
  COMMAND ${CMAKE_COMMAND} -DOUTPUT=${BP_FIELD_SOURCE} -DTABLE=bp_field_scripts -DHEADER=cli/field_scripts.h "-DNAMES=field|dials|pyfai"
    "-DFILES=${field}/field.py|${field}/dials.py|${field}/pyfai.py" -P ${CMAKE_CURRENT_SOURCE_DIR}/cmake/embed.cmake)
