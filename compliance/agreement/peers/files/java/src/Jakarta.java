import jakarta.websocket.ClientEndpointConfig;
import jakarta.websocket.CloseReason;
import jakarta.websocket.ContainerProvider;
import jakarta.websocket.Endpoint;
import jakarta.websocket.EndpointConfig;
import jakarta.websocket.Extension;
import jakarta.websocket.HandshakeResponse;
import jakarta.websocket.Session;
import jakarta.websocket.WebSocketContainer;
import jakarta.websocket.server.ServerEndpointConfig;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** The echo and the client of the peers that implement Jakarta WebSocket. */
public final class Jakarta extends Endpoint {
    private static final int MOST = 4 << 20;

    private final Peer peer;

    Jakarta(Peer peer) {
        this.peer = peer;
    }

    @Override
    public void onOpen(Session session, EndpointConfig config) {
        if (!peer.isClient()) {
            peer.agreed(header(session.getNegotiatedExtensions()));
        }
        session.setMaxTextMessageBufferSize(MOST);
        session.setMaxBinaryMessageBufferSize(MOST);
        session.addMessageHandler(String.class, text -> run(() -> echo(session, text)));
        session.addMessageHandler(ByteBuffer.class,
            data -> run(() -> session.getBasicRemote().sendBinary(data)));
    }

    private static void echo(Session session, String text) throws IOException {
        if (text.equals("close")) {
            session.close(new CloseReason(CloseReason.CloseCodes.NORMAL_CLOSURE, "bye"));
            return;
        }
        if (!text.startsWith("fragment ")) {
            session.getBasicRemote().sendText(text);
            return;
        }
        int third = text.length() / 3;
        session.getBasicRemote().sendText(text.substring(0, third), false);
        session.getBasicRemote().sendText(text.substring(third, 2 * third), false);
        session.getBasicRemote().sendText(text.substring(2 * third), true);
    }

    private interface Sending {
        void run() throws IOException;
    }

    private void run(Sending sending) {
        try {
            sending.run();
        } catch (IOException e) {
            peer.failed(e);
        }
    }

    @Override
    public void onClose(Session session, CloseReason reason) {
        peer.closed(reason.getCloseCode().getCode(), reason.getReasonPhrase());
    }

    @Override
    public void onError(Session session, Throwable t) {
        peer.failed(t);
    }

    private static String header(List<Extension> extensions) {
        List<String> all = new ArrayList<>();
        for (Extension e : extensions) {
            StringBuilder b = new StringBuilder(e.getName());
            for (Extension.Parameter p : e.getParameters()) {
                b.append("; ").append(p.getName());
                if (p.getValue() != null && !p.getValue().isEmpty()) {
                    b.append('=').append(p.getValue());
                }
            }
            all.add(b.toString());
        }
        return String.join(", ", all);
    }

    /** Connects to the URL of the setup. */
    void connect(Extension extension) {
        ClientEndpointConfig config = ClientEndpointConfig.Builder.create()
            .extensions(List.of(extension))
            .configurator(new ClientEndpointConfig.Configurator() {
                @Override
                public void afterResponse(HandshakeResponse response) {
                    peer.agreed(field(response));
                }
            })
            .build();
        try {
            WebSocketContainer container = ContainerProvider.getWebSocketContainer();
            container.setDefaultMaxTextMessageBufferSize(MOST);
            container.setDefaultMaxBinaryMessageBufferSize(MOST);
            container.connectToServer(this, config, URI.create(peer.url));
        } catch (Exception e) {
            peer.broken(e);
        }
    }

    private static String field(HandshakeResponse response) {
        List<String> values = new ArrayList<>();
        response.getHeaders().forEach((name, v) -> {
            if (name.equalsIgnoreCase("Sec-WebSocket-Extensions")) {
                values.addAll(v);
            }
        });
        return String.join(", ", values);
    }

    /** Returns the configuration of a server with this endpoint at "/". */
    ServerEndpointConfig serverConfig(List<Extension> extensions) {
        return ServerEndpointConfig.Builder.create(Jakarta.class, "/")
            .extensions(extensions)
            .configurator(new ServerEndpointConfig.Configurator() {
                @Override
                public <T> T getEndpointInstance(Class<T> type) {
                    return type.cast(Jakarta.this);
                }
            })
            .build();
    }

    /** The offer of a client, with parameters that have no values. */
    record Offer(String getName, List<Extension.Parameter> getParameters) implements Extension {
        static Offer deflate(Peer peer) {
            List<Extension.Parameter> parameters = new ArrayList<>();
            if (peer.noTakeover) {
                parameters.add(new Flag("server_no_context_takeover"));
                parameters.add(new Flag("client_no_context_takeover"));
            }
            return new Offer("permessage-deflate", parameters);
        }
    }

    private record Flag(String getName) implements Extension.Parameter {
        @Override
        public String getValue() {
            return null;
        }
    }
}
