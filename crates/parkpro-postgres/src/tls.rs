//! TLS to Postgres, by rustls and ring.

use std::{fs::File, io::BufReader, path::Path, sync::Arc};

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
    server::ParsedCertificate,
};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::address::{Roots, Trust};

/// What Postgres 17 expects to be asked for.
const PROTOCOL: &[u8] = b"postgresql";

/// How TLS is spoken; none if it is not. The error is a clause for people.
pub(crate) fn connector(trust: &Trust) -> Result<Option<MakeRustlsConnect>, String> {
    // Named, because rustls panics when it has to choose between two that are in the program.
    let provider = Arc::new(ring::default_provider());
    let verifier: Arc<dyn ServerCertVerifier> = match trust {
        Trust::NoTls => return Ok(None),
        Trust::Anyone => Arc::new(Anyone { provider: Arc::clone(&provider) }),
        Trust::Signed(roots) => Arc::new(Trusted::new(roots, true, &provider)?),
        Trust::SignedForHost(roots) => Arc::new(Trusted::new(roots, false, &provider)?),
    };
    let config = ClientConfig::builder_with_provider(provider);
    let config = config.with_safe_default_protocol_versions().map_err(|error| error.to_string())?;
    let config = config.dangerous().with_custom_certificate_verifier(verifier);
    let mut config = config.with_no_client_auth();
    config.alpn_protocols = vec![PROTOCOL.to_vec()];
    Ok(Some(MakeRustlsConnect::new(config)))
}

/// The certificates of those whom we trust.
fn certificates(roots: &Roots) -> Result<Vec<CertificateDer<'static>>, String> {
    match roots {
        Roots::System => match rustls_native_certs::load_native_certs().certs {
            none if none.is_empty() => {
                Err("the system has no trusted certificates; name some with sslrootcert".to_owned())
            }
            certificates => Ok(certificates),
        },
        Roots::File(path) => in_file(path)
            .map_err(|why| format!("the certificates of {} cannot be read: {why}", path.display())),
    }
}

fn in_file(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_reader_iter(BufReader::new(file)).collect();
    match certificates.map_err(|error| format!("{error:?}"))? {
        none if none.is_empty() => Err("there is none in it".to_owned()),
        certificates => Ok(certificates),
    }
}

/// Believes every certificate; the other side must still hold its key.
#[derive(Debug)]
struct Anyone {
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _certificate: &CertificateDer<'_>,
        _between: &[CertificateDer<'_>],
        _host: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Believes a certificate that was signed by somebody whom we trust, or that is itself among those that we were given.
#[derive(Debug)]
struct Trusted {
    signed: Arc<WebPkiServerVerifier>,
    given: Vec<CertificateDer<'static>>,
    for_any_host: bool,
}

impl Trusted {
    fn new(roots: &Roots, for_any_host: bool, provider: &Arc<CryptoProvider>) -> Result<Self, String> {
        let given = certificates(roots)?;
        let mut store = RootCertStore::empty();
        let (known, _unreadable) = store.add_parsable_certificates(given.iter().cloned());
        if known == 0 {
            return Err("none of the trusted certificates can be used".to_owned());
        }
        let signed = WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::clone(provider))
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self { signed, given, for_any_host })
    }
}

impl ServerCertVerifier for Trusted {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        host: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match self.signed.verify_server_cert(certificate, between, host, ocsp, now) {
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if self.for_any_host => Ok(ServerCertVerified::assertion()),
            // What `openssl req -x509` makes, and what the manual of Postgres recommends, may sign others, and rustls
            // takes nothing of the kind for a server's own.
            Err(Error::InvalidCertificate(CertificateError::Other(_)))
                if self.given.iter().any(|given| given == certificate) =>
            {
                if !self.for_any_host {
                    verify_server_name(&ParsedCertificate::try_from(certificate)?, host)?;
                }
                Ok(ServerCertVerified::assertion())
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signed.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signed.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.signed.supported_verify_schemes()
    }
}
