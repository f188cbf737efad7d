internal static class Orders
{
    public static HttpClient Connect() => new(new SocketsHttpHandler
    {
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(1),
    });
}
