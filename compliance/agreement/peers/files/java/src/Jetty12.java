import java.util.List;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.websocket.jakarta.server.config.JakartaWebSocketServletContainerInitializer;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

/** Jetty 12 as a peer. */
final class Jetty12 {
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
            ServletContextHandler context = new ServletContextHandler("/");
            server.setHandler(context);
            JakartaWebSocketServletContainerInitializer.configure(context,
                (servlets, container) -> container.addEndpoint(echo.serverConfig(List.of())));
            server.start();
            Peer.listens(connector.getLocalPort());
        }
        peer.await();
        peer.report();
    }
}
