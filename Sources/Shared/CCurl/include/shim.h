// libcurl for Swift: curl_easy_setopt and curl_easy_getinfo are variadic, which Swift cannot call. One inline function
// per option, not per type, so that the C compiler checks the argument against curl's own type checks.
#ifndef PMM_CCURL_SHIM_H
#define PMM_CCURL_SHIM_H

#include <curl/curl.h>
#include <stddef.h>

// ---- once per process ------------------------------------------------------------------------------------------------

/// CURL_GLOBAL_DEFAULT is a macro with a shift that the importer skips.
static inline CURLcode ccurl_global_init(void) { return curl_global_init(CURL_GLOBAL_DEFAULT); }

// ---- what is the same for every transfer -------------------------------------------------------------------------------

/// Everything that no caller may choose differently, in one place.
/// NOSIGNAL: no SIGALRM in a process that reads its signals from a descriptor. QUICK_EXIT: do not join the resolver's
/// thread when a name server is silent (measured: one call blocks 18 s without it). PROTOCOLS: http and https only.
/// FOLLOWLOCATION off and no .netrc: credentials go nowhere but to the configured address. PATH_AS_IS: a pacticipant
/// may be called `..`. The broker closes an idle connection after 65 s, so ours are not used again after 50.
static inline CURLcode ccurl_set_common(CURL *easy) {
    CURLcode code = curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
#if LIBCURL_VERSION_NUM >= 0x075700
    if (code == CURLE_OK) code = curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
#if LIBCURL_VERSION_NUM >= 0x075500
    if (code == CURLE_OK) code = curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    if (code == CURLE_OK) code = curl_easy_setopt(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
    if (code == CURLE_OK) code = curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    if (code == CURLE_OK) code = curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    if (code == CURLE_OK) code = curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    if (code == CURLE_OK) code = curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    if (code == CURLE_OK) code = curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    if (code == CURLE_OK) code = curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, 50L);
    if (code == CURLE_OK) code = curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 1L);
    return code;
}

// ---- one request -----------------------------------------------------------------------------------------------------

static inline CURLcode ccurl_set_url(CURL *easy, const char *url) { return curl_easy_setopt(easy, CURLOPT_URL, url); }
/// GET is curl's default; POST and PUT carry a body from memory. The bytes are not copied.
static inline CURLcode ccurl_set_post(CURL *easy, const void *body, curl_off_t size) {
    CURLcode code = curl_easy_setopt(easy, CURLOPT_POST, 1L);
    if (code == CURLE_OK) code = curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, size);
    if (code == CURLE_OK) code = curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
    return code;
}
static inline CURLcode ccurl_set_method(CURL *easy, const char *method) {
    return curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
}
/// The list must live until the transfer ends.
static inline CURLcode ccurl_set_headers(CURL *easy, struct curl_slist *list) {
    return curl_easy_setopt(easy, CURLOPT_HTTPHEADER, list);
}
static inline CURLcode ccurl_set_user_agent(CURL *easy, const char *name) {
    return curl_easy_setopt(easy, CURLOPT_USERAGENT, name);
}
static inline CURLcode ccurl_set_connect_timeout(CURL *easy, long milliseconds) {
    return curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, milliseconds);
}
static inline CURLcode ccurl_set_timeout(CURL *easy, long milliseconds) {
    return curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, milliseconds);
}
/// HTTP/2 if the server's TLS offers it (ALPN), else HTTP/1.1.
static inline CURLcode ccurl_allow_http2(CURL *easy) {
    return curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
}
/// The callback gets the answer unpacked.
static inline CURLcode ccurl_accept_gzip(CURL *easy) { return curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip"); }
/// Connects anew, even where an open HTTP/2 connection could take the request too.
static inline CURLcode ccurl_set_new_connection(CURL *easy) {
    return curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
}

// ---- credentials and TLS -----------------------------------------------------------------------------------------------

/// Basic authentication, sent with the first request already. curl copies the texts.
static inline CURLcode ccurl_set_basic(CURL *easy, const char *user, const char *password) {
    CURLcode code = curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
    if (code == CURLE_OK) code = curl_easy_setopt(easy, CURLOPT_USERNAME, user);
    if (code == CURLE_OK) code = curl_easy_setopt(easy, CURLOPT_PASSWORD, password);
    return code;
}
/// A bearer token. Unlike an own header curl never hands it to a proxy.
static inline CURLcode ccurl_set_bearer(CURL *easy, const char *token) {
    CURLcode code = curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
    return code == CURLE_OK ? curl_easy_setopt(easy, CURLOPT_XOAUTH2_BEARER, token) : code;
}
/// Trusts the authorities in a PEM file and no others: Debian's libcurl has a CA directory besides by default.
static inline CURLcode ccurl_set_ca_file(CURL *easy, const char *path) {
    CURLcode code = curl_easy_setopt(easy, CURLOPT_CAINFO, path);
    if (code == CURLE_OK) code = curl_easy_setopt(easy, CURLOPT_CAPATH, (char *)NULL);
#if LIBCURL_VERSION_NUM >= 0x075700
    // Else a multi handle goes by what it read of this path for a day (curl 7.87, CURLOPT_CA_CACHE_TIMEOUT): files rotate.
    if (code == CURLE_OK) code = curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, 0L);
#endif
    return code;
}
/// Our certificate, with its chain, and its key, both PEM. Read when a connection is opened. With a passphrase, be it
/// an empty one, an encrypted key fails; without any OpenSSL asks for it on the terminal and waits.
static inline CURLcode ccurl_set_client_certificate(CURL *easy, const char *certificate, const char *key) {
    CURLcode code = curl_easy_setopt(easy, CURLOPT_SSLCERT, certificate);
    if (code == CURLE_OK) code = curl_easy_setopt(easy, CURLOPT_SSLKEY, key);
    return code == CURLE_OK ? curl_easy_setopt(easy, CURLOPT_KEYPASSWD, "") : code;
}

// ---- proxies -----------------------------------------------------------------------------------------------------------

/// The proxy, or none for the empty text. Always set: otherwise curl looks at the environment itself, where it leaves
/// out HTTP_PROXY and treats NO_PROXY differently from version to version. https goes through CONNECT, so that the
/// proxy sees neither our credentials nor the exchange.
static inline CURLcode ccurl_set_proxy(CURL *easy, const char *url) {
    CURLcode code = curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
    return code == CURLE_OK ? curl_easy_setopt(easy, CURLOPT_PROXY, url) : code;
}
/// Apart from the URL, which may end up in curl's messages.
static inline CURLcode ccurl_set_proxy_basic(CURL *easy, const char *user, const char *password) {
    CURLcode code = curl_easy_setopt(easy, CURLOPT_PROXYAUTH, (long)CURLAUTH_BASIC);
    if (code == CURLE_OK) code = curl_easy_setopt(easy, CURLOPT_PROXYUSERNAME, user);
    if (code == CURLE_OK) code = curl_easy_setopt(easy, CURLOPT_PROXYPASSWORD, password);
    return code;
}

// ---- callbacks ---------------------------------------------------------------------------------------------------------

static inline CURLcode ccurl_set_body_callback(CURL *easy, curl_write_callback callback, void *context) {
    CURLcode code = curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, callback);
    return code == CURLE_OK ? curl_easy_setopt(easy, CURLOPT_WRITEDATA, context) : code;
}
static inline CURLcode ccurl_set_header_callback(CURL *easy, curl_write_callback callback, void *context) {
    CURLcode code = curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, callback);
    return code == CURLE_OK ? curl_easy_setopt(easy, CURLOPT_HEADERDATA, context) : code;
}
/// At least CURL_ERROR_SIZE bytes that live as long as the handle.
static inline CURLcode ccurl_set_error_buffer(CURL *easy, char *buffer) {
    return curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, buffer);
}
static inline size_t ccurl_error_size(void) { return CURL_ERROR_SIZE; }

// ---- results ---------------------------------------------------------------------------------------------------------

static inline CURLcode ccurl_get_status(CURL *easy, long *status) {
    return curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, status);
}
/// The proxy's answer to CONNECT; 0 without one.
static inline CURLcode ccurl_get_connect_status(CURL *easy, long *status) {
    return curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, status);
}
/// errno of the last failed connect.
static inline CURLcode ccurl_get_os_errno(CURL *easy, long *number) {
    return curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, number);
}
/// The next finished transfer: its handle and result, or NULL. CURLMsg holds a union that Swift reads awkwardly.
static inline CURL *ccurl_next_finished(CURLM *multi, CURLcode *result) {
    int left = 0;
    CURLMsg *message;
    while ((message = curl_multi_info_read(multi, &left)) != NULL) {
        if (message->msg == CURLMSG_DONE) {
            *result = message->data.result;
            return message->easy_handle;
        }
    }
    return NULL;
}
/// Idle connections kept at most.
static inline CURLMcode ccurl_set_max_connections(CURLM *multi, long count) {
    return curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, count);
}

#endif
