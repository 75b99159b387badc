package autobahn

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"

	"github.com/hawser-ws/hawser/compliance/internal/selfsigned"
)

// The PEM files of a run over TLS, in the directory of its spec.
const (
	keyName  = "key.pem"
	certName = "cert.pem"
)

// writeCertificate writes a new key and certificate for 127.0.0.1 to dir. It returns the
// configuration of a client that trusts no other certificate.
func writeCertificate(dir string) (*tls.Config, error) {
	cert, err := selfsigned.New()
	if err != nil {
		return nil, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		return nil, err
	}
	if err := writePEM(filepath.Join(dir, keyName), "PRIVATE KEY", keyDER, 0o600); err != nil {
		return nil, err
	}
	if err := writePEM(filepath.Join(dir, certName), "CERTIFICATE", cert.Certificate[0], 0o644); err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AddCert(cert.Leaf)
	return &tls.Config{RootCAs: roots}, nil
}

func writePEM(path, kind string, der []byte, mode os.FileMode) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), mode)
}
