"""A network camera: Debian's GStreamer RTSP server sends pictures again and again, H.264 over TCP.

Run by the system's Python, which has GStreamer's bindings: rtsp_camera.py PORT FOLDER/%d.jpg COUNT. Needs python3-gi,
gir1.2-gst-rtsp-server-1.0, gstreamer1.0-plugins-base, -good and -ugly.
"""

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402


def main(port: str, pictures: str, count: str) -> None:
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(
        f"( multifilesrc location={pictures} stop-index={int(count) - 1} loop=true caps=image/jpeg,framerate=10/1 "
        "! jpegdec ! videoconvert ! "
        "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=5 ! rtph264pay name=pay0 pt=96 config-interval=1 )"
    )
    factory.set_protocols(GstRtsp.RTSPLowerTrans.TCP)  # who asks for UDP is refused
    factory.set_shared(True)
    server.get_mount_points().add_factory("/gate", factory)
    server.attach(None)
    GLib.MainLoop().run()


main(*sys.argv[1:])
