import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.ChannelPromise;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.compression.ZlibCodecFactory;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.ContinuationWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketClientProtocolConfig;
import io.netty.handler.codec.http.websocketx.WebSocketClientProtocolHandler;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketFrameAggregator;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolConfig;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolHandler;
import io.netty.handler.codec.http.websocketx.extensions.WebSocketClientExtensionHandler;
import io.netty.handler.codec.http.websocketx.extensions.WebSocketServerExtensionHandler;
import io.netty.handler.codec.http.websocketx.extensions.compression.PerMessageDeflateClientExtensionHandshaker;
import io.netty.handler.codec.http.websocketx.extensions.compression.PerMessageDeflateServerExtensionHandshaker;
import io.netty.handler.codec.http.websocketx.extensions.compression.WebSocketClientCompressionHandler;
import io.netty.handler.codec.http.websocketx.extensions.compression.WebSocketServerCompressionHandler;
import java.io.EOFException;
import java.net.InetSocketAddress;
import java.net.URI;

/**
 * Netty as a peer. With an empty setup it has the handlers that its examples use. The
 * deprecated methods are those that older releases have, too.
 */
@SuppressWarnings("deprecation")
final class Netty extends ChannelInitializer<Channel> {
    private static final int MOST = 4 << 20;
    private static final int LEVEL = 6;

    private final Peer peer;

    private Netty(Peer peer) {
        this.peer = peer;
    }

    public static void main(String[] args) throws Exception {
        Peer peer = new Peer(args);
        Netty netty = new Netty(peer);
        EventLoopGroup group = new NioEventLoopGroup(1);
        if (peer.isClient()) {
            URI url = URI.create(peer.url);
            new Bootstrap().group(group).channel(NioSocketChannel.class).handler(netty)
                .connect(url.getHost(), url.getPort()).sync();
        } else {
            Channel listening = new ServerBootstrap().group(group).channel(NioServerSocketChannel.class)
                .childHandler(netty).bind("127.0.0.1", 0).sync().channel();
            Peer.listens(((InetSocketAddress) listening.localAddress()).getPort());
        }
        peer.await();
        peer.report();
    }

    @Override
    protected void initChannel(Channel channel) {
        ChannelPipeline pipeline = channel.pipeline();
        pipeline.addLast(peer.isClient() ? new HttpClientCodec() : new HttpServerCodec());
        pipeline.addLast(new Answer());
        pipeline.addLast(new HttpObjectAggregator(1 << 16));
        pipeline.addLast(peer.isClient() ? clientCompression() : serverCompression());
        pipeline.addLast(peer.isClient() ? client() : server());
        pipeline.addLast(new WebSocketFrameAggregator(MOST));
        pipeline.addLast(new Echo());
    }

    private WebSocketClientProtocolHandler client() {
        return new WebSocketClientProtocolHandler(WebSocketClientProtocolConfig.newBuilder()
            .webSocketUri(peer.url).allowExtensions(true).maxFramePayloadLength(MOST)
            .handleCloseFrames(false).build());
    }

    private static WebSocketServerProtocolHandler server() {
        return new WebSocketServerProtocolHandler(WebSocketServerProtocolConfig.newBuilder()
            .websocketPath("/").allowExtensions(true).maxFramePayloadLength(MOST)
            .handleCloseFrames(false).build());
    }

    // A client can ask for the size of the server's window and for no takeover. The server
    // chooses the size of the client's window, if jzlib is on the class path.
    private ChannelHandler clientCompression() {
        if (peer.serverBits == 0) {
            return WebSocketClientCompressionHandler.INSTANCE;
        }
        return new WebSocketClientExtensionHandler(new PerMessageDeflateClientExtensionHandshaker(LEVEL,
            ZlibCodecFactory.isSupportingWindowSizeAndMemLevel(), peer.serverBits,
            peer.noTakeover, peer.noTakeover));
    }

    // A server can choose the size of the client's window, if the client lets it, and accept
    // the size that the client asks for.
    private ChannelHandler serverCompression() {
        if (peer.serverBits == 0) {
            return new WebSocketServerCompressionHandler();
        }
        return new WebSocketServerExtensionHandler(new PerMessageDeflateServerExtensionHandshaker(LEVEL,
            ZlibCodecFactory.isSupportingWindowSizeAndMemLevel(), peer.clientBits,
            true, peer.noTakeover));
    }

    /** Records Sec-WebSocket-Extensions of the response, whether it is sent or received. */
    private final class Answer extends ChannelDuplexHandler {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) throws Exception {
            note(message);
            super.channelRead(ctx, message);
        }

        @Override
        public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise)
            throws Exception {
            note(message);
            super.write(ctx, message, promise);
        }

        private void note(Object message) {
            if (message instanceof HttpResponse response) {
                peer.agreed(response.headers().get(HttpHeaderNames.SEC_WEBSOCKET_EXTENSIONS));
            }
        }
    }

    private final class Echo extends SimpleChannelInboundHandler<WebSocketFrame> {
        private boolean closed;

        @Override
        protected void channelRead0(ChannelHandlerContext ctx, WebSocketFrame frame) {
            if (frame instanceof CloseWebSocketFrame close) {
                closed = true;
                peer.closed(close.statusCode(), close.reasonText());
                ctx.writeAndFlush(close.retain()) // fails if this is the answer to our close frame
                    .addListener(ChannelFutureListener.CLOSE);
                return;
            }
            String text = frame instanceof TextWebSocketFrame t ? t.text() : "";
            if (text.equals("close")) {
                send(ctx, new CloseWebSocketFrame(1000, "bye"));
            } else if (text.startsWith("fragment ")) {
                fragments(ctx, frame.content());
            } else {
                send(ctx, frame.retain());
            }
        }

        private void fragments(ChannelHandlerContext ctx, ByteBuf content) {
            int third = content.readableBytes() / 3;
            send(ctx, new TextWebSocketFrame(false, 0, content.readRetainedSlice(third)));
            send(ctx, new ContinuationWebSocketFrame(false, 0, content.readRetainedSlice(third)));
            ByteBuf rest = content.readRetainedSlice(content.readableBytes());
            send(ctx, new ContinuationWebSocketFrame(true, 0, rest));
        }

        private void send(ChannelHandlerContext ctx, WebSocketFrame frame) {
            ctx.writeAndFlush(frame).addListener((ChannelFutureListener) sent -> {
                if (!sent.isSuccess()) {
                    peer.failed(sent.cause());
                    ctx.close();
                }
            });
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            if (!closed) {
                peer.broken(new EOFException("the connection ended without a close frame"));
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable t) {
            peer.failed(t);
            ctx.close();
        }
    }
}
