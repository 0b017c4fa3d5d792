# One image for every service; docker-compose.yml says which command each of them runs.
ARG PYTHON_VERSION=3.11
# Another base image; empty: Docker's official one for that version.
ARG PYTHON_IMAGE

FROM ${PYTHON_IMAGE:-python:${PYTHON_VERSION}-slim-bookworm} AS build
WORKDIR /build
RUN python3 -m venv /opt/gradmq
ENV PATH=/opt/gradmq/bin:$PATH PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
# Dependencies first and by themselves: this layer is built again only when they change.
COPY pyproject.toml ./
RUN python3 -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies'], sep='\n')" > requirements.txt \
    && pip install --quiet --requirement requirements.txt
COPY . .
RUN pip install --quiet --no-deps . \
    && pip uninstall --quiet --yes pip setuptools \
    && find /opt/gradmq/lib -depth -type d -name tests -exec rm -r {} +

FROM ${PYTHON_IMAGE:-python:${PYTHON_VERSION}-slim-bookworm}
LABEL org.opencontainers.image.title="GradMQ" \
      org.opencontainers.image.description="Distributed training over a message queue: the same weights, to the last bit, on any number of workers." \
      org.opencontainers.image.version="0.1.0"
COPY --from=build /opt/gradmq /opt/gradmq
RUN groupadd --gid 10001 gradmq \
    && useradd --uid 10001 --gid gradmq --home-dir /gradmq --no-create-home --shell /usr/sbin/nologin gradmq \
    && install --directory --owner gradmq --group gradmq /gradmq /gradmq/runs /gradmq/flower
ENV PATH=/opt/gradmq/bin:$PATH PYTHONUNBUFFERED=1
# A number, so that an orchestrator can tell that it is not root.
USER 10001:10001
WORKDIR /gradmq
ENTRYPOINT ["gradmq"]
CMD ["--help"]
