// libcurl for Swift: curl_easy_setopt and curl_easy_getinfo are variadic, which Swift cannot call. One inline function
// per option, not per type, so that the C compiler checks the argument against curl's own type checks.
#ifndef PMM_CCURL_SHIM_H
#define PMM_CCURL_SHIM_H

#include <curl/curl.h>

#endif
