import java.util.List;
import org.glassfish.tyrus.container.grizzly.server.Loopback;
import org.glassfish.tyrus.ext.extension.deflate.PerMessageDeflateExtension;

/** Eclipse Tyrus, the reference implementation of Jakarta WebSocket, as a peer. */
final class Tyrus {
    public static void main(String[] args) throws Exception {
        java.util.logging.LogManager.getLogManager().reset(); // its log is long
        Peer peer = new Peer(args);
        Jakarta echo = new Jakarta(peer);
        if (peer.isClient()) {
            echo.connect(new PerMessageDeflateExtension());
        } else {
            Peer.listens(Loopback.serve(echo.serverConfig(List.of(new PerMessageDeflateExtension()))));
        }
        peer.await();
        peer.report();
    }
}
