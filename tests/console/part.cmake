# The console in a real browser: headless Chromium, driven through its DevTools protocol,
# against the real discd. tools/test --interop installs what it takes. Screenshots are in
# console/ of the build folder.
foreach(name parser services steering live lookup guard admin keyboard hostile looks many restart stale)
    add_test(NAME console/${name} COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_LIST_DIR}/${name}.py)
    set_tests_properties(console/${name} PROPERTIES LABELS interop TIMEOUT 300
                         SKIP_RETURN_CODE 77
                         ENVIRONMENT "BUILD=${CMAKE_BINARY_DIR};SOURCE=${CMAKE_SOURCE_DIR}")
endforeach()
