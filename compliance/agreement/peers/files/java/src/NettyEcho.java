import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.TooLongFrameException;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketCloseStatus;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketFrameAggregator;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolConfig;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolHandler;
import io.netty.handler.codec.http.websocketx.extensions.compression.WebSocketServerCompressionHandler;
import java.net.InetSocketAddress;

/** Netty as an echo server, with the handlers that its examples use. */
final class NettyEcho extends ChannelInitializer<Channel> {
    public static void main(String[] args) throws Exception {
        Main.endWithInput();
        EventLoopGroup group = new NioEventLoopGroup(1);
        Channel listening = new ServerBootstrap().group(group).channel(NioServerSocketChannel.class)
            .childHandler(new NettyEcho()).bind("127.0.0.1", 0).sync().channel();
        Main.listening(((InetSocketAddress) listening.localAddress()).getPort());
    }

    @Override
    @SuppressWarnings("deprecation") // older releases have no other constructor
    protected void initChannel(Channel channel) {
        channel.pipeline().addLast(
            new HttpServerCodec(),
            new HttpObjectAggregator(1 << 16),
            new WebSocketServerCompressionHandler(),
            new WebSocketServerProtocolHandler(WebSocketServerProtocolConfig.newBuilder()
                .websocketPath("/").checkStartsWith(true).allowExtensions(true)
                .maxFramePayloadLength(Main.MAX_MESSAGE).build()),
            new WebSocketFrameAggregator(Main.MAX_MESSAGE),
            new SimpleChannelInboundHandler<WebSocketFrame>() {
                @Override
                protected void channelRead0(ChannelHandlerContext ctx, WebSocketFrame frame) {
                    ctx.writeAndFlush(frame.retain());
                }

                // After a protocol error, Netty itself closes, most often with 1000 "Bye".
                @Override
                public void exceptionCaught(ChannelHandlerContext ctx, Throwable t) {
                    if (t instanceof TooLongFrameException) { // of the aggregator, which does not close
                        ctx.writeAndFlush(new CloseWebSocketFrame(WebSocketCloseStatus.MESSAGE_TOO_BIG));
                    }
                }
            });
    }
}
