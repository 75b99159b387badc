import java.util.List;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.servlet.ServletContextHandler;
import org.eclipse.jetty.websocket.jakarta.server.config.JakartaWebSocketServletContainerInitializer;

/** Jetty 11 as a peer. */
final class Jetty11 {
    public static void main(String[] args) throws Exception {
        Peer peer = new Peer(args);
        Jakarta echo = new Jakarta(peer);
        if (peer.isClient()) {
            echo.connect(Jakarta.Offer.deflate(peer));
        } else {
            Server server = new Server();
            ServerConnector connector = new ServerConnector(server, 1, 1);
            connector.setHost("127.0.0.1");
            server.addConnector(connector);
            ServletContextHandler context = new ServletContextHandler(server, "/");
            JakartaWebSocketServletContainerInitializer.configure(context,
                (servlets, container) -> container.addEndpoint(echo.serverConfig(List.of())));
            server.start();
            Peer.listens(connector.getLocalPort());
        }
        peer.await();
        peer.report();
    }
}
