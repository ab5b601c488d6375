internal import CCurl

let placeholder = CURLE_OK
