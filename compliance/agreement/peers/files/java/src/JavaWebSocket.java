import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.java_websocket.WebSocket;
import org.java_websocket.client.WebSocketClient;
import org.java_websocket.drafts.Draft_6455;
import org.java_websocket.extensions.DefaultExtension;
import org.java_websocket.handshake.ClientHandshake;
import org.java_websocket.handshake.ServerHandshake;
import org.java_websocket.protocols.Protocol;
import org.java_websocket.server.WebSocketServer;

/**
 * Java-WebSocket as a peer, without permessage-deflate, which is its default. With it the
 * library never returns fragmented messages of 128 KiB, and the suites wait two minutes for
 * each.
 */
final class JavaWebSocket {
    private static Draft_6455 draft() {
        return new Draft_6455(List.of(new DefaultExtension()), List.of(new Protocol("")), Main.MAX_MESSAGE);
    }

    public static void main(String[] args) throws Exception {
        Main.endWithInput();
        if (args[0].equals("serve")) {
            new Server().start();
        } else {
            Main.drive(args[1], args[2], JavaWebSocket::run);
        }
    }

    private static final class Server extends WebSocketServer {
        Server() {
            super(new InetSocketAddress("127.0.0.1", 0), 1, List.of(draft()));
            setConnectionLostTimeout(0); // sends no pings
            setTcpNoDelay(true);
        }

        @Override
        public void onStart() {
            Main.listening(getPort());
        }

        @Override
        public void onOpen(WebSocket socket, ClientHandshake handshake) { }

        @Override
        public void onMessage(WebSocket socket, String text) {
            socket.send(text);
        }

        @Override
        public void onMessage(WebSocket socket, ByteBuffer data) {
            socket.send(data);
        }

        @Override
        public void onClose(WebSocket socket, int code, String reason, boolean remote) { }

        @Override
        public void onError(WebSocket socket, Exception e) { }
    }

    private static String run(String url, boolean answer) throws Exception {
        Client client = new Client(URI.create(url), answer);
        client.connect();
        if (!client.ended.await(180, TimeUnit.SECONDS)) {
            client.closeConnection(1006, "");
        }
        return client.last;
    }

    private static final class Client extends WebSocketClient {
        private final CountDownLatch ended = new CountDownLatch(1);
        private final boolean answer;
        private volatile String last;

        Client(URI url, boolean answer) {
            super(url, draft(), null, 10000);
            this.answer = answer;
            setConnectionLostTimeout(0);
            setTcpNoDelay(true);
        }

        @Override
        public void onOpen(ServerHandshake handshake) { }

        @Override
        public void onMessage(String text) {
            last = text;
            if (answer) {
                send(text);
            }
        }

        @Override
        public void onMessage(ByteBuffer data) {
            if (answer) {
                send(data);
            }
        }

        @Override
        public void onClose(int code, String reason, boolean remote) {
            ended.countDown();
        }

        @Override
        public void onError(Exception e) { }
    }
}
