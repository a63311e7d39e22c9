// A container's endpoint (control_protocol.h): nodes are loaded, unloaded, listed, changed and set at run
// time. Served by the container's own thread, which is never a real-time one. What takes time is answered
// when it is done, and keeps nobody else waiting.
#ifndef SVARI_COMPONENTS_COMPONENT_CONTROL_H
#define SVARI_COMPONENTS_COMPONENT_CONTROL_H

#include "components/component_container.h"

typedef struct svari_component_control svari_component_control_t;

/// arguments: those of the process, which name the container; borrowed, as the container is.
/// inherited: for nodes that name no scheduler. As svar_endpoint_open()
svar_ret_t svari_component_control_open(svari_component_container_t *container,
                                        const svari_ros_arguments_t *arguments,
                                        svari_schedule_t inherited,
                                        svari_component_control_t **out_control);
/// NULL is a no-op.
void svari_component_control_close(svari_component_control_t *control);

/// To be polled; NULL: -1, which poll() passes over.
int svari_component_control_fd(const svari_component_control_t *control);
void svari_component_control_serve(svari_component_control_t *control);

/// The seat's node is idle: whoever waits for what it did is told.
void svari_component_control_report(svari_component_control_t *control,
                                    svari_container_seat_t *seat);
/// The seat is about to go: whoever waits for that is told.
void svari_component_control_farewell(svari_component_control_t *control,
                                      svari_container_seat_t *seat);

#endif
