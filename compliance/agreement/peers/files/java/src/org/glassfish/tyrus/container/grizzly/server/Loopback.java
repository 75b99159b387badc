package org.glassfish.tyrus.container.grizzly.server;

import jakarta.websocket.server.ServerEndpointConfig;
import java.util.Map;
import org.glassfish.grizzly.http.server.HttpServer;
import org.glassfish.grizzly.http.server.NetworkListener;
import org.glassfish.grizzly.strategies.WorkerThreadIOStrategy;

/**
 * A server of Tyrus that listens on loopback. The server of the library always listens on
 * all interfaces. This one is in the library's package and differs only in that.
 */
public final class Loopback {
    private Loopback() { }

    /** Serves the endpoint and returns the port. */
    public static int serve(ServerEndpointConfig endpoint) throws Exception {
        GrizzlyServerContainer.TyrusGrizzlyServerContainer container =
            new GrizzlyServerContainer.TyrusGrizzlyServerContainer(Map.of());
        container.getWebSocketEngine().register(endpoint, "/");
        HttpServer server = new HttpServer();
        NetworkListener listener = new NetworkListener("loopback", "127.0.0.1", 0);
        listener.getTransport().setIOStrategy(WorkerThreadIOStrategy.getInstance());
        listener.getKeepAlive().setIdleTimeoutInSeconds(-1);
        listener.registerAddOn(new WebSocketAddOn(container, "/"));
        server.addListener(listener);
        server.start();
        return listener.getPort();
    }
}
