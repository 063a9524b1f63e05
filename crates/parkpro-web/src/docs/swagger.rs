//! `/docs`: the OpenAPI document to read and try out. Everything it needs is in the program; it asks no other host.

use std::sync::{Arc, LazyLock};

use actix_web::{
    HttpResponse,
    http::header::{self, ContentEncoding},
};
use utoipa_swagger_ui::Config;

use crate::api::{Answered, Call, Code, Problem};

/// Its own page, because the one that it comes with expects to be in a folder. Relative, so that it also holds behind a
/// proxy that adds a prefix.
const PAGE: &str = "\
<!DOCTYPE html>
<html lang=\"en\">
<head>
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width\">
<title>ParkPro API</title>
<link rel=\"stylesheet\" href=\"docs/swagger-ui.css\">
<link rel=\"icon\" type=\"image/png\" href=\"docs/favicon-32x32.png\">
</head>
<body>
<div id=\"swagger-ui\"></div>
<script src=\"docs/swagger-ui-bundle.js\"></script>
<script src=\"docs/swagger-ui-standalone-preset.js\"></script>
<script src=\"docs/swagger-initializer.js\"></script>
</body>
</html>
";

/// Swagger UI sets styles of elements, and its style sheet has pictures in it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

static CONFIG: LazyLock<Arc<Config<'static>>> = LazyLock::new(|| {
    let config = Config::from("openapi.json").use_base_layout().deep_linking(true);
    // Else it would ask a validator on another host.
    Arc::new(config.validator_url("none").display_request_duration(true).try_it_out_enabled(true))
});

/// The page.
pub(super) async fn page(_call: Call) -> Answered {
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .body(PAGE))
}

/// A script, style sheet or picture of the page.
pub(super) async fn file(call: Call) -> Answered {
    let file = utoipa_swagger_ui::serve(call.part("file"), Arc::clone(&CONFIG)).ok().flatten();
    let file = file.ok_or_else(|| Problem::plain(Code::NoSuchRoute))?;
    let mut response = HttpResponse::Ok();
    response.insert_header((header::CONTENT_TYPE, file.content_type));
    response.insert_header((header::CACHE_CONTROL, "max-age=3600"));
    response.insert_header((header::CONTENT_SECURITY_POLICY, POLICY));
    if file.gzpipped {
        response.insert_header(ContentEncoding::Gzip);
    }
    Ok(response.body(file.bytes.into_owned()))
}
