//! The server without a socket: requests go straight to its router.

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, Response, StatusCode};
use codedash::engine::Engine;
use codedash::web::{self, App};
use http_body_util::BodyExt;
use serde_json::Value;
use std::sync::Arc;
use tokio::sync::watch;
use tower::ServiceExt;

pub const TOKEN: &str = "token-of-this-start";
pub const HOST: &str = "127.0.0.1:3847";

pub struct Site {
    router: Router,
    // dropped, it would end every stream
    _stop: watch::Sender<bool>,
}

pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
}

impl Site {
    pub fn new(engine: Arc<Engine>) -> Site {
        let (stop, stopping) = watch::channel(false);
        let app = App {
            engine,
            token: TOKEN.into(),
            assets: web::assets::hash(),
            memo: Default::default(),
            stopping,
        };
        Site {
            router: web::router(app),
            _stop: stop,
        }
    }

    /// The answer with its body still to come: a stream's never ends.
    pub async fn ask(&self, request: Request<Body>) -> Response<Body> {
        self.router.clone().oneshot(request).await.unwrap()
    }

    pub async fn send(&self, request: Request<Body>) -> Reply {
        let (parts, body) = self.ask(request).await.into_parts();
        Reply {
            status: parts.status,
            headers: parts.headers,
            bytes: body.collect().await.unwrap().to_bytes().to_vec(),
        }
    }

    pub async fn get(&self, path: &str) -> Reply {
        let request = Request::get(path).header("host", HOST);
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// The body, whatever the status.
    pub async fn text(&self, path: &str) -> String {
        self.get(path).await.text()
    }

    pub async fn json(&self, path: &str) -> Value {
        self.get(path).await.json()
    }

    /// A form with the token of this start.
    pub async fn post(&self, path: &str, form: &str) -> Reply {
        self.post_with(path, &[], &format!("token={TOKEN}&{form}"))
            .await
    }

    /// A form as it is.
    pub async fn post_with(&self, path: &str, headers: &[(&str, &str)], form: &str) -> Reply {
        let mut request = Request::post(path)
            .header("host", HOST)
            .header("content-type", "application/x-www-form-urlencoded");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::from(form.to_owned())).unwrap())
            .await
    }
}

impl Reply {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }
    /// `""` when it is not there.
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }
}
