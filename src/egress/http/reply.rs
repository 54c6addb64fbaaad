//! What the proxy itself answers.

/// A status and a short text; the connection ends with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    pub text: String,
    form: Form,
}

/// How the text is written: Git LFS shows what a server says only where it is JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Text,
    GitLfs,
}

impl Reply {
    pub fn new(status: u16, text: impl Into<String>) -> Self {
        Self { status, text: text.into(), form: Form::Text }
    }

    /// The same for Git LFS.
    pub fn for_lfs(self) -> Self {
        Self { form: Form::GitLfs, ..self }
    }

    pub fn bytes(&self) -> Vec<u8> {
        let reason = match self.status {
            400 => "Bad Request",
            403 => "Forbidden",
            408 => "Request Timeout",
            431 => "Request Header Fields Too Large",
            501 => "Not Implemented",
            503 => "Service Unavailable",
            504 => "Gateway Timeout",
            _ => "Bad Gateway",
        };
        let status = self.status;
        let text = format!("bn: {}", self.text);
        let (kind, body) = match self.form {
            Form::Text => ("text/plain; charset=utf-8", format!("{text}\n")),
            Form::GitLfs => ("application/vnd.git-lfs+json", format!("{}\n", serde_json::json!({ "message": text }))),
        };
        let length = body.len();
        format!(
            "HTTP/1.1 {status} {reason}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\
             Connection: close\r\nProxy-Agent: bn\r\n\r\n{body}"
        )
        .into_bytes()
    }
}
