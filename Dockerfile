# One image for every service; docker-compose.yml says which command each of them runs. `--target worker` makes a smaller
# one for workers alone, without MNIST (which they get through Redis) and Flower.
ARG PYTHON_VERSION=3.11
# Another base image; empty: Docker's official one for that version.
ARG PYTHON_IMAGE

FROM ${PYTHON_IMAGE:-python:${PYTHON_VERSION}-slim-bookworm} AS build
WORKDIR /build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_QUIET=1
# The environment of the image has no pip; that of the build fills it.
RUN python3 -m venv /opt/build && python3 -m venv --without-pip /opt/gradmq
ENV PATH=/opt/build/bin:$PATH
# Dependencies first and by themselves: this layer is built again only when they change.
COPY requirements/build.txt requirements/image.txt ./
RUN pip install --require-hashes --requirement build.txt \
    && pip --python /opt/gradmq/bin/python install --no-compile --require-hashes --requirement image.txt
COPY . .
RUN pip wheel --no-deps --no-build-isolation --wheel-dir dist . \
    && pip --python /opt/gradmq/bin/python install --no-compile --no-deps --no-index dist/*.whl \
    && find /opt/gradmq/lib -depth \( -type d -name tests -o -name '*.pyi' \) -exec rm -r {} +
# Bytecode of what is imported and no more: nobody can write it later, and half of all modules are never needed.
RUN cd /tmp && export PATH=/opt/gradmq/bin:$PATH \
    && python -m compileall -q /opt/gradmq/lib/python*/site-packages/coordinator /opt/gradmq/lib/python*/site-packages/gradmq \
        /opt/gradmq/lib/python*/site-packages/shared /opt/gradmq/lib/python*/site-packages/worker \
    && gradmq --version && celery -A worker report > /dev/null && python -c "import celery.apps.worker, \
        celery.concurrency.solo, coordinator.session, coordinator.gradients.remote, coordinator.prediction.remote, \
        flower.command, kombu.transport.pyamqp, kombu.transport.redis, prometheus_client, worker.metrics_server, \
        worker.predictions, worker.tasks"
# What workers do not need, by itself.
RUN mkdir /opt/more && cd /opt/gradmq && for each in flower humanize pytz tornado shared/mnist; do \
        cp --parents --recursive --preserve lib/python*/site-packages/$each* /opt/more \
        && rm -r lib/python*/site-packages/$each* || exit; \
    done

FROM ${PYTHON_IMAGE:-python:${PYTHON_VERSION}-slim-bookworm} AS worker
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
# Last, because they change with every commit.
ARG VERSION=0.2.0
ARG REVISION
ARG CREATED
LABEL org.opencontainers.image.title="GradMQ" \
      org.opencontainers.image.description="Distributed training over a message queue: the same weights, to the last bit, on any number of workers." \
      org.opencontainers.image.licenses="MIT AND CC-BY-SA-3.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"

FROM worker
COPY --from=build /opt/more /opt/gradmq
