package samlocal

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"time"

	"tresor/infra/child"
	"tresor/infra/engine"
	"tresor/infra/localaws"
	"tresor/infra/welcome"
)

// Stage is a deployment on this machine: the services, a vault with its first admin, and every function in a container. It must be stopped.
type Stage struct {
	Engine   *engine.Engine
	Services *localaws.Services
	Run      *Run
	API      *Server
	Lambda   *Server // what functions start others through
	Admin    *welcome.Credentials
}

// command founds the vault.
const command = "bin/tresor"

// Start starts everything, with the API on a port of this machine, 0 for any. say is told what was done. The working directory must be the module's root.
func Start(ctx context.Context, port int, say func(string)) (s *Stage, err error) {
	s = &Stage{}
	defer func() {
		if err != nil {
			s.Stop()
			s = nil
		}
	}()
	began := time.Now()
	done := func(what string) {
		say(fmt.Sprintf("%s (%.1f s)", what, time.Since(began).Seconds()))
		began = time.Now()
	}
	if port == 0 {
		if port, err = child.FreePort(ctx, "127.0.0.1"); err != nil {
			return s, err
		}
	} else if err := child.Free(ctx, net.JoinHostPort("127.0.0.1", strconv.Itoa(port))); err != nil {
		return s, err // before anything takes its time
	}
	if s.Engine, err = engine.Find(ctx, say); err != nil {
		return s, err
	}
	done(s.Engine.String())
	if s.Services, err = localaws.Start(ctx, s.Engine.Listen); err != nil {
		return s, err
	}
	if s.Admin, err = s.Services.Init(ctx, command); err != nil {
		return s, err
	}
	done("tables, buckets, key and vault")
	if err := s.emulate(ctx, port); err != nil {
		return s, err
	}
	done("the functions, in SAM's emulator")
	return s, nil
}

func (s *Stage) emulate(ctx context.Context, port int) error {
	lambda, err := child.FreePort(ctx, s.Engine.Listen)
	if err != nil {
		return err
	}
	if s.Run, err = New(s.Engine, s.Services, "http://"+net.JoinHostPort(s.Engine.Gateway, strconv.Itoa(lambda))); err != nil {
		return err
	}
	if s.Lambda, err = s.Run.Lambda(ctx, lambda); err != nil {
		return err
	}
	s.API, err = s.Run.API(ctx, port)
	return err
}

// Log returns the ends of what SAM and the functions wrote.
func (s *Stage) Log(lines int) string {
	text := ""
	for name, p := range map[string]*Server{"start-api": s.API, "start-lambda": s.Lambda} {
		if p != nil {
			text += "---- sam local " + name + "\n" + p.Tail(lines) + "\n"
		}
	}
	if s.Run != nil {
		text += "---- sam local invoke\n" + s.Run.Said() + "\n"
	}
	return text
}

// Stop ends everything that was started, the last first.
func (s *Stage) Stop() {
	for _, p := range []*Server{s.API, s.Lambda} {
		if p != nil {
			p.Stop()
		}
	}
	if s.Run != nil {
		s.Run.Close()
	}
	if s.Engine != nil {
		s.Engine.Stop()
	}
	if s.Services != nil {
		s.Services.Stop()
	}
}
